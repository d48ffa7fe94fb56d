-- A different supporter, submission and own sentence at every request; the form's token is of one session.
local token, cookie, path = os.getenv("BENCH_TOKEN"), os.getenv("BENCH_COOKIE"), os.getenv("BENCH_PATH")
local recipients = os.getenv("BENCH_RECIPIENTS")
local thread_number = 0
local count = 0

function setup(thread)
  thread:set("id", thread_number)
  thread_number = thread_number + 1
end

function init(args)
  math.randomseed(os.time() * 1000 + id)
end

local function key()
  return (("xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx"):gsub("x", function()
    return string.format("%x", math.random(0, 15))
  end))
end

function request()
  count = count + 1
  local who = id .. "-" .. count .. "-" .. math.random(1, 1000000000)
  local body = "csrf_token=" .. token .. recipients .. "&intent=send&consent=y&language=en&country=FR&city=Lyon"
    .. "&name=Supporter+" .. who .. "&email=supporter-" .. who .. "%40example.org"
    .. "&personal_message=This+matters+to+me+because+of+reason+number+" .. who .. ".&submission_key=" .. key()
  local headers = { ["Content-Type"] = "application/x-www-form-urlencoded", ["Cookie"] = cookie }
  return wrk.format("POST", path, headers, body)
end
