/** What the server writes and the page shows: the same from the same hall. */
export const view = (hall) => `<h1>${hall.get("user")}</h1><p>${hall.keys("**").length} entries</p>`;
