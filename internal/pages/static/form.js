// @ts-check
// Shows that a form is on its way and sends it once, however often the button is pressed.

for (const form of document.forms) {
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
