-- Tokens in turn, with a proof where one stands behind the token: wrk … -- <file> <scheme> <'again' to begin again>
local lines, count, at, scheme, again = {}, 0, 0, 'Bearer', false

function init(args)
  for line in io.lines(args[1]) do
    count = count + 1
    lines[count] = line
  end
  scheme = args[2]
  again = args[3] == 'again'
end

function request()
  at = at + 1
  if at > count then
    if not again then
      io.stderr:write('the file has no more tokens\n')
      os.exit(1)
    end
    at = 1
  end
  local token, proof = string.match(lines[at], '^(%S+) ?(%S*)$')
  local headers = { Authorization = scheme .. ' ' .. token }
  if proof ~= '' then headers['DPoP'] = proof end
  return wrk.format('GET', nil, headers)
end
