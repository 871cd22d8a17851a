// Fetches the page anew every few seconds and puts its list in the place of the one shown. A tab that nobody looks
// at asks for nothing, and a reader who is inside the list (focus or selection) is not disturbed.
"use strict";
(() => {
  const PAUSE_MS = 3000;
  const parts = ["figures", "list"];
  const isBusy = () => {
    const list = document.getElementById("list");
    const chosen = document.getSelection();
    return document.hidden || (list && list.contains(document.activeElement)) || (chosen && !chosen.isCollapsed);
  };
  const refresh = async () => {
    if (!isBusy()) {
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
        if (answer.ok) {
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const part of parts) {
            const [shown, next] = [document.getElementById(part), fresh.getElementById(part)];
            if (shown && next && !shown.isEqualNode(next)) shown.replaceWith(next);
          }
        }
      } catch {
        // The server is away; the next turn tries again.
      }
    }
    setTimeout(refresh, PAUSE_MS);
  };
  setTimeout(refresh, PAUSE_MS);
})();
