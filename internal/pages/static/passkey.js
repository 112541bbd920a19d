// @ts-check
// Signs in with a passkey: by a button, or from what the browser offers in the field for the
// address. A form has the options in its data, or the address where to get them.

import { toGet, written } from "./webauthn.js";

const remember = /** @type {HTMLInputElement | null} */ (document.querySelector("input[type=checkbox][name=rememberMe]"));

/** @param {HTMLFormElement} form @param {string} name */
const input = (form, name) => /** @type {HTMLInputElement | null} */ (form.querySelector(`input[name=${name}]`));

/** @param {HTMLFormElement} form @param {AbortSignal} signal */
const ask = async (form, signal) => {
	const { passkey, mode, options } = form.dataset;
	if (options || !passkey) {
		const json = JSON.parse(options ?? "{}");
		return { options: json.publicKey ?? json, login: "", life: 0 };
	}
	const answer = await fetch(passkey, {
		method: "POST",
		signal,
		headers: { "Content-Type": "application/json", "X-CSRF-Token": input(form, "csrf_token")?.value ?? "" },
		body: JSON.stringify({ mode, rememberMe: remember?.checked ?? false, returnTo: input(form, "returnTo")?.value ?? "" }),
	});
	if (!answer.ok) {
		throw new Error(`${answer.status}`);
	}
	const { login, prompt, expiresIn } = await answer.json();
	return { options: prompt.ceremony.publicKey ?? prompt.ceremony, login, life: expiresIn };
};

/** @param {HTMLFormElement} form */
const tend = (form) => {
	const say = /** @type {HTMLElement | null} */ (form.querySelector(".say"));
	let current = new AbortController();
	let renewal = 0;

	/** @param {CredentialMediationRequirement} mediation */
	const run = async (mediation) => {
		current.abort(); // one request at a time: the newer one takes over
		const own = current = new AbortController(); // before the first await, so that it can be aborted at once
		clearTimeout(renewal);
		try {
			const { options, login, life } = await ask(form, own.signal);
			forget(form, options);
			if (mediation === "conditional") {
				renewal = setTimeout(offer, life * 750); // at three quarters: no browser tells when its offer is stale
			}
			const got = await navigator.credentials.get({ publicKey: toGet(options), mediation, signal: own.signal });
			for (const [name, value] of Object.entries({ login, credential: written(got), rememberMe: remember?.checked ? "true" : "" })) {
				input(form, name)?.setAttribute("value", value);
			}
			form.submit();
		} catch {
			if (own === current && mediation !== "conditional") {
				say?.replaceChildren(say.dataset.words ?? "");
				offer();
			}
		}
	};
	const offer = async () => {
		const before = current; // whoever presses the button meanwhile goes first
		if (form.dataset.passkey && await PublicKeyCredential.isConditionalMediationAvailable?.() && before === current) {
			run("conditional");
		}
	};

	form.hidden = false;
	form.querySelector("[data-without]")?.remove();
	const button = /** @type {HTMLButtonElement} */ (form.querySelector("button"));
	button.hidden = false;
	button.addEventListener("click", () => { say?.replaceChildren(); run("optional"); });
	remember?.addEventListener("change", offer);
	addEventListener("pageshow", (event) => { if (event.persisted) { offer(); } });
	offer();
};

/** Tells the provider of a passkey that it opens nothing here. @param {HTMLFormElement} form @param {any} options */
const forget = (form, { rpId = location.hostname }) => {
	const credentialId = form.dataset.unknown;
	if (credentialId) {
		delete form.dataset.unknown;
		// @ts-ignore: newer than the types
		PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId })?.catch(() => {}); // a courtesy
	}
};

if (globalThis.PublicKeyCredential) {
	/** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-passkey]")).forEach(tend);
}
