// @ts-check
// Makes a passkey with the options in a form's data, and sends it with the form. Tells the
// password manager which passkeys still open something, so that it offers no dead ones.

import { toCreate, written } from "./webauthn.js";

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-ceremony]");
const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("credential"));
const say = /** @type {HTMLElement | null | undefined} */ (form?.querySelector(".say"));

/** @param {string | undefined} words */
const tell = (words) => {
	if (say) {
		say.textContent = words ?? "";
	}
};

const make = async () => {
	tell("");
	try {
		const json = JSON.parse(form?.dataset.ceremony ?? "");
		const made = await navigator.credentials.create({ publicKey: toCreate(json.publicKey ?? json) });
		const field = /** @type {HTMLInputElement | null} */ (form?.querySelector("[name=credential]"));
		if (made && field) {
			field.value = written(made);
			form?.requestSubmit();
		}
	} catch (error) {
		const known = error instanceof DOMException && error.name === "InvalidStateError";
		tell(known ? say?.dataset.known : say?.dataset.refused);
	}
};

if (form && button) {
	if (globalThis.PublicKeyCredential) {
		button.hidden = false;
		button.addEventListener("click", make);
	} else {
		tell(say?.dataset.unable);
	}
}

for (const section of document.querySelectorAll("[data-accepted]")) {
	const accepted = JSON.parse(section.getAttribute("data-accepted") ?? "null");
	// @ts-ignore: newer than the types
	globalThis.PublicKeyCredential?.signalAllAcceptedCredentials?.(accepted)?.catch(() => {}); // a courtesy
}
