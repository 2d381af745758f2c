-- Another form at every request, each once: wrk … -- <file with one body a line>
local next_line
local headers = { ['Content-Type'] = 'application/x-www-form-urlencoded' }

function init(args)
  next_line = io.lines(args[1])
end

function request()
  local body = next_line()
  if body == nil then
    io.stderr:write('the file has no more forms\n')
    os.exit(1)
  end
  return wrk.format('POST', nil, headers, body)
end
