import { choice, count, group, list, origin, path, section, text, url } from '@sallyport/server'
import { demoPorts } from '../../demo/addresses.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** One entry of the allow-list: what the page may reach through its back end. */
const route = group(
  {
    prefix: text({
      about: "Path at the app's address, on whole segments.",
      pattern: /^\/(?:[\w\-.~]+(?:\/[\w\-.~]+)*)$/,
      range: 'a plain path such as /api/notes',
    }),
    upstream: url({ about: 'Where it goes: an address at the gateway.', schemes: ['http', 'https'] }),
    methods: list(choice(methods, { about: 'A method.' }), {
      about: 'Methods that the page may use there.',
      default: methods,
      minItems: 1,
      maxItems: methods.length,
    }),
  },
  { about: 'What the page may reach.' },
)

const scopes = (about: string) =>
  list(text({ about: 'A scope.', maxLength: 256 }), { about, default: [], maxItems: 200 })

export const appSection = section(
  'app',
  {
    origin: origin({
      about: 'Public address of the page and its back end; left out, http://localhost with the port.',
      optional: true,
    }),
    port: count({ about: 'Port of the browser back end.', min: 1, max: 65_535, default: demoPorts.app }),
    files: path({
      about: 'Folder of your own page: index.html and what it loads. Without it there is none but the demo’s shop.',
      optional: true,
    }),
    clientId: text({ about: 'The back end’s client at the authority.', default: 'shop', maxLength: 256 }),
    clientKey: path({
      about: "Its private key there (a JWK). Default: the client's name and .key.json in the data folder.",
      optional: true,
    }),
    scopes: scopes('The most that your page may ask for at sign-in, beside openid.'),
    usualScopes: scopes('What is asked for when it names nothing; all of them when empty.'),
    resources: list(url({ about: 'An identifier.' }), {
      about: 'Resources that its tokens are for.',
      default: [],
      maxItems: 20,
      see: 'RFC 8707 §2',
    }),
    routes: list(route, { about: 'What your page may reach; nothing else is passed on.', default: [], maxItems: 200 }),
  },
  'The page in the browser and its back end, which keeps the tokens.',
)
