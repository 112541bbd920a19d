// @ts-check
// Shows that a form is on its way and sends it once, however often the button is pressed.

/** @type {NodeListOf<HTMLFormElement>} */
const forms = document.querySelectorAll("form:not([data-stays])"); // the answer of the others is a file

for (const form of forms) {
	form.addEventListener("submit", (event) => {
		if (form.ariaBusy === "true") {
			event.preventDefault();
			return;
		}
		form.ariaBusy = "true";
		event.submitter?.setAttribute("aria-busy", "true");
	});
}

// A page that comes back by the Back button is ready again.
addEventListener("pageshow", () => {
	for (const busy of document.querySelectorAll("[aria-busy]")) {
		busy.removeAttribute("aria-busy");
	}
});

// Goes on by itself where nothing is to be filled in: only the browser that asked gets such a page.
/** @type {HTMLFormElement | null} */
const only = document.querySelector("form[data-auto]");
only?.requestSubmit();
