// @ts-check
// Copies a list to the clipboard, where the browser lets a page do so.

/** @type {NodeListOf<HTMLButtonElement>} */
const buttons = document.querySelectorAll("[data-copy]");

for (const button of buttons) {
	const list = document.getElementById(button.dataset.copy ?? "");
	if (!list || !navigator.clipboard) {
		continue;
	}
	button.hidden = false;
	button.addEventListener("click", async () => {
		const lines = Array.from(list.children, (line) => line.textContent?.trim());
		await navigator.clipboard.writeText(lines.join("\n"));
		const say = document.querySelector(".say");
		if (say) {
			say.textContent = button.dataset.copied ?? "";
		}
	});
}
