-- Uses refresh tokens and goes on with their successors: wrk … -- <file with one token a line> <rest of the form>
local headers = { ['Content-Type'] = 'application/x-www-form-urlencoded' }
local tokens, first, last, rest, failed = {}, 1, 0, '', false

function init(args)
  for token in io.lines(args[1]) do
    last = last + 1
    tokens[last] = token
  end
  rest = args[2]
end

function request()
  local token = tokens[first]
  if token == nil then
    io.stderr:write('no refresh token is left\n')
    os.exit(1)
  end
  tokens[first] = nil
  first = first + 1
  return wrk.format('POST', nil, headers, rest .. '&refresh_token=' .. token)
end

function response(status, _, body)
  local successor = string.match(body, '"refresh_token":"([^"]+)"')
  if status == 200 and successor ~= nil then
    last = last + 1
    tokens[last] = successor
  elseif not failed then
    failed = true
    io.stderr:write(status .. ' ' .. body .. '\n')
  end
end
