-- Questions of nginx about requests with tokens in turn: wrk … -- <file>
local lines, count, at = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    count = count + 1
    lines[count] = line
  end
end

function request()
  at = at % count + 1
  return wrk.format('GET', nil, {
    ['Authorization'] = 'Bearer ' .. lines[at],
    ['X-Original-Method'] = 'GET',
    ['X-Original-URI'] = '/orders',
    ['X-Original-Address'] = '127.0.0.1',
  })
end
