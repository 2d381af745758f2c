// What pages gain from a script: passkeys, "Show" beside a password, and the code of a set-up link. Each works without.

const decode = text => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), each => each.charCodeAt(0))
const encode = buffer =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '')
const withIds = list => (list ?? []).map(each => ({ ...each, id: decode(each.id) }))

/** The ceremony under way. A pressed button ends the one offered beside the username field, so that only one answer is sent. */
let ceremony = new AbortController()

/** Whether a button was pressed: from then on nothing is offered. */
let pressed = false

async function optionsFor(form) {
  const answer = await fetch(form.dataset.options, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`)
  return answer.json()
}

async function getPasskey(form, mediation) {
  ceremony.abort()
  ceremony = new AbortController()
  const { signal } = ceremony
  const options = await optionsFor(form)
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    allowCredentials: withIds(options.allowCredentials),
  }
  const credential = await navigator.credentials.get({ publicKey, mediation, signal })
  signal.throwIfAborted()
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response
  return {
    id: credential.id,
    type: credential.type,
    response: {
      clientDataJSON: encode(clientDataJSON),
      authenticatorData: encode(authenticatorData),
      signature: encode(signature),
      ...(userHandle && { userHandle: encode(userHandle) }),
    },
  }
}

async function createPasskey(form) {
  const options = await optionsFor(form)
  const publicKey = {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: withIds(options.excludeCredentials),
  }
  const credential = await navigator.credentials.create({ publicKey })
  const { clientDataJSON, attestationObject } = credential.response
  return {
    id: credential.id,
    type: credential.type,
    response: {
      clientDataJSON: encode(clientDataJSON),
      attestationObject: encode(attestationObject),
      transports: credential.response.getTransports?.() ?? [],
    },
  }
}

const messages = {
  NotAllowedError: 'No passkey was used. You can try again, or choose another way.',
  InvalidStateError: 'This device already has a passkey for this account.',
  SecurityError: 'Passkeys do not work at this address.',
}

function send(form, credential) {
  form.elements.namedItem('credential').value = JSON.stringify(credential)
  form.submit()
}

function showFailure(form, error) {
  const place = form.querySelector('[data-failure]')
  if (place === null) return
  place.textContent = messages[error.name] ?? 'That did not work. Try again, or choose another way.'
  place.hidden = false
}

async function act(form) {
  pressed = true
  const button = form.querySelector('button')
  button.disabled = true
  try {
    send(form, form.dataset.passkey === 'create' ? await createPasskey(form) : await getPasskey(form))
  } catch (error) {
    showFailure(form, error)
  } finally {
    button.disabled = false
  }
}

async function offerPasskeys(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.()) || pressed) return
  try {
    send(form, await getPasskey(form, 'conditional'))
  } catch (error) {
    // Offered beside the username field; what goes wrong there concerns nobody until the button is pressed.
    if (error.name !== 'AbortError') console.info('passkey offer ended:', error.name)
  }
}

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const each of document.querySelectorAll('[data-needs-passkeys]')) each.hidden = false
  for (const each of document.querySelectorAll('[data-without-passkeys]')) each.hidden = true
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.addEventListener('submit', event => {
      event.preventDefault()
      act(form)
    })
    if (form.dataset.passkey === 'get' && form.dataset.conditional === 'yes') offerPasskeys(form)
  }
}

for (const button of document.querySelectorAll('button.show')) {
  const input = button.parentElement.querySelector('input')
  button.hidden = false
  button.addEventListener('click', () => {
    const shown = input.type === 'password'
    input.type = shown ? 'text' : 'password'
    button.textContent = shown ? 'Hide' : 'Show'
    button.setAttribute('aria-pressed', String(shown))
  })
}

const code = new URLSearchParams(location.hash.slice(1)).get('code')
const codeField = document.querySelector('input[data-from-fragment]')
if (code !== null && codeField !== null) {
  codeField.value = code
  history.replaceState(null, '', location.pathname)
}
