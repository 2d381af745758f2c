-- Another token at every request, in turn or each once: wrk … -- <file with one token a line> <'again' to begin again>
local tokens, count, at, again = {}, 0, 0, false

function init(args)
  for token in io.lines(args[1]) do
    count = count + 1
    tokens[count] = token
  end
  again = args[2] == 'again'
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
  return wrk.format('GET', nil, { Authorization = 'Bearer ' .. tokens[at] })
end
