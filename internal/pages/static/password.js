// @ts-check
// Lets people see the password they type, and tells them that Caps Lock is on.

/** @type {NodeListOf<HTMLInputElement>} */
const inputs = document.querySelectorAll("input[type=password]");

for (const input of inputs) {
	const button = /** @type {HTMLButtonElement | null} */ (input.nextElementSibling);
	const caps = /** @type {HTMLElement | null | undefined} */ (input.closest(".field")?.querySelector(".caps"));

	/** @param {boolean} shown */
	const show = (shown) => {
		input.type = shown ? "text" : "password";
		button?.setAttribute("aria-pressed", String(shown));
	};

	if (button) {
		button.hidden = false;
		button.addEventListener("click", () => {
			show(input.type === "password");
			input.focus();
		});
	}
	// Browsers keep what was typed into a text field; a password must not be among it.
	input.form?.addEventListener("submit", () => show(false));

	/** @param {KeyboardEvent} event */
	const watch = (event) => {
		// Autofill sends events that are no key presses.
		if (caps && event instanceof KeyboardEvent) {
			caps.textContent = event.getModifierState("CapsLock") ? caps.dataset.words ?? "" : "";
		}
	};
	input.addEventListener("keydown", watch);
	input.addEventListener("keyup", watch);
	input.addEventListener("blur", () => caps?.replaceChildren());
}
