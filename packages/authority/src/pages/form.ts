import { type Html, type HtmlValue, html } from './html.ts'

/** What every form of ours carries: the browser's token, and the interaction it belongs to. */
export interface FormContext {
  readonly token: string
  readonly login?: string
}

export function hiddenFields({ token, login }: FormContext): Html {
  return html`<input type="hidden" name="form_token" value="${token}">${
    login !== undefined && html`<input type="hidden" name="login" value="${login}">`
  }`
}

export interface FieldParts {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'password'
  readonly autocomplete: string
  readonly value?: string | undefined
  readonly hint?: HtmlValue
  /** The error of this field, tied to it by `aria-describedby`. */
  readonly error?: string | undefined
  /** The first field that wants an answer. */
  readonly focus?: boolean
  readonly maxlength?: number
  readonly spellcheck?: false
  readonly fromFragment?: boolean
}

/** A labelled field with its hint and error. */
export function field(parts: FieldParts): Html {
  const { name, type = 'text', error, hint } = parts
  const described = [error !== undefined ? `${name}-error` : '', hint !== undefined ? `${name}-hint` : '']
    .join(' ')
    .trim()
  return html`<label for="${name}">${parts.label}</label>
<div class="field"><input id="${name}" name="${name}" type="${type}" autocomplete="${parts.autocomplete}" autocapitalize="none" spellcheck="false" maxlength="${parts.maxlength ?? 256}" required${
    parts.value !== undefined && html` value="${parts.value}"`
  }${described !== '' && html` aria-describedby="${described}"`}${error !== undefined && html` aria-invalid="true"`}${
    parts.focus === true && html` autofocus`
  }${parts.fromFragment === true && html` data-from-fragment`}>${
    type === 'password' &&
    html`<button type="button" class="show" hidden aria-pressed="false" aria-controls="${name}">Show</button>`
  }</div>
${error !== undefined && html`<p class="hint bad" id="${name}-error">${error}</p>`}${
  hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`
}`
}

const key = html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="8" cy="15" r="4.5"/><path d="m11.5 11.5 8-8M16 7l3 3"/></svg>`

export interface PasskeyFormParts {
  readonly form: FormContext
  readonly act: 'get' | 'create'
  readonly action: string
  /** Where the script asks for the ceremony's options. */
  readonly options: string
  readonly label: string
  /** Also offered in the username field's list of suggestions. */
  readonly conditional?: boolean
  readonly main?: boolean
  readonly extra?: HtmlValue
}

/** A button for a passkey: shown only where a script can use one. */
export function passkeyForm(parts: PasskeyFormParts): Html {
  return html`<form method="post" action="${parts.action}" data-passkey="${parts.act}" data-options="${parts.options}" data-conditional="${
    parts.conditional === true ? 'yes' : 'no'
  }" data-needs-passkeys hidden>${hiddenFields(parts.form)}<input type="hidden" name="credential" value="">${parts.extra}<button type="submit" class="${
    parts.main === true ? 'main' : ''
  }">${key}${parts.label}</button><p class="note bad" role="alert" data-failure hidden></p></form>`
}

/** A button that is a form of its own: a change is never a link. */
export function buttonForm(parts: {
  readonly form: FormContext
  readonly action: string
  readonly label: string
  readonly style?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly describes?: string
}): Html {
  const { form, action, label, style = 'small', fields = {}, describes } = parts
  return html`<form method="post" action="${action}">${hiddenFields(form)}${Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button type="submit" class="${style}"${describes !== undefined && html` aria-label="${label} ${describes}"`}>${label}</button></form>`
}
