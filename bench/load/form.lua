-- The same form at every request: wrk … -- <body>
function init(args)
  wrk.method = 'POST'
  wrk.body = args[1]
  wrk.headers['Content-Type'] = 'application/x-www-form-urlencoded'
end
