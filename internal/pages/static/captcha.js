// @ts-check
// Has the work done that a form asks for, or asks reCAPTCHA for its answer.
// The person does nothing: the work begins by itself, and a form that is sent too early waits.

import { solve } from "./work.js";

const say = /** @type {HTMLElement} */ (document.querySelector("[data-captcha]"));
const form = /** @type {HTMLFormElement} */ (say.closest("form"));
const field = /** @type {HTMLInputElement} */ (form.querySelector("[name=captcha]"));

/** @type {HTMLElement | null | undefined} what was pressed while there was no answer yet; null: the Enter key */
let pressed;
let run = 0, renewal = 0, busy = false; // of several runs the newest counts

/** @param {string} state */
const tell = (state) => { say.textContent = say.dataset[state] ?? ""; };
/** @param {number} own */
const answer = async (own) => {
	if (say.dataset.captcha === "recaptcha") {
		// @ts-ignore: the vendor's script
		const { grecaptcha } = globalThis;
		await new Promise((ready) => grecaptcha.ready(ready));
		return grecaptcha.execute(say.dataset.siteKey, { action: say.dataset.action });
	}
	const got = await fetch(say.dataset.challenge ?? "", { headers: { Accept: "application/json" }, cache: "no-store" });
	const { parameters, signature } = await got.json(); // an error has none, and throws below
	return btoa(JSON.stringify({ challenge: { parameters, signature }, solution: await solve(parameters, () => own === run) }));
};

const begin = async () => {
	const own = ++run;
	clearTimeout(renewal);
	field.value = "";
	busy = true;
	tell("working");
	try {
		end(own, "ready", await answer(own));
	} catch {
		end(own, "failed", "");
	}
};

/** @param {number} own @param {string} state @param {string} got */
const end = (own, state, got) => {
	if (own !== run) {
		return;
	}
	const by = pressed;
	[pressed, busy, field.value] = [undefined, false, got];
	tell(state);
	if (got) {
		renewal = setTimeout(begin, Number(say.dataset.life) * 1000); // before it expires
	}
	if (got && by !== undefined) {
		form.requestSubmit(by);
	}
};

if (say.dataset.captcha === "work" && !globalThis.crypto?.subtle) {
	tell("unable"); // over plain http browsers compute nothing; the form goes as it is
} else {
	// Before anybody else hears of it: a form that waits is not on its way yet.
	addEventListener("submit", (event) => {
		if (event.target === form && !field.value) {
			event.preventDefault();
			event.stopImmediatePropagation();
			pressed = event.submitter;
			busy || begin();
		}
	}, { capture: true });
	// An answer is good once, and the Back button brings the page back with it.
	addEventListener("pageshow", (event) => { if (event.persisted) { begin(); } });
	if (say.dataset.captcha === "work") {
		begin(); // reCAPTCHA's answer lives for two minutes only, so it is asked when the form is sent
	}
}
