/**
 * Tabs that can be hidden, and so frozen. Playwright tells every page that it has the focus, which keeps it visible; these
 * tabs are in a browser profile that playwright does not know, and are driven through the browser's own connection.
 */

/** Opens a profile whose newest tab is in front and hides the others. */
export async function hideableTabs(browser) {
  const devtools = await browser.newBrowserCDPSession();
  const { browserContextId } = await devtools.send("Target.createBrowserContext");
  return {
    open: async (address) => {
      const { targetId } = await devtools.send("Target.createTarget", { url: "about:blank", browserContextId });
      const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
      const tab = new Tab(devtools, sessionId, targetId);
      await tab.send("Page.navigate", { url: address });
      await tab.evaluate(
        () => document.readyState === "complete" || new Promise((loaded) => addEventListener("load", loaded)),
      );
      return tab;
    },
    close: () => devtools.send("Target.disposeBrowserContext", { browserContextId }),
  };
}

class Tab {
  #asked = new Map();
  #last = 0;

  constructor(devtools, sessionId, targetId) {
    this.devtools = devtools;
    this.sessionId = sessionId;
    this.targetId = targetId;
    devtools.on("Target.receivedMessageFromTarget", (event) => {
      if (event.sessionId !== sessionId) return;
      const { id, result, error } = JSON.parse(event.message);
      this.#asked.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
      this.#asked.delete(id);
    });
  }

  /** Sends a command of the DevTools protocol to the tab. */
  async send(method, params) {
    const id = ++this.#last;
    const answer = new Promise((resolve) => this.#asked.set(id, resolve));
    const message = JSON.stringify({ id, method, params });
    await this.devtools.send("Target.sendMessageToTarget", { sessionId: this.sessionId, message });
    return answer;
  }

  /** Closes it at once, without asking it. */
  async close() {
    await this.devtools.send("Target.closeTarget", { targetId: this.targetId });
  }

  /** Ends its process; resolves when that has happened. */
  async crash() {
    const crashed = new Promise((resolve) => {
      this.devtools.on("Target.targetCrashed", ({ targetId }) => targetId === this.targetId && resolve());
    });
    await this.devtools.send("Target.setDiscoverTargets", { discover: true });
    this.send("Page.crash").catch(() => {}); // it never answers
    await crashed;
  }

  /** Runs a function in the tab, as playwright's pages do. */
  async evaluate(work, argument) {
    const expression = `(${work})(${JSON.stringify(argument)})`;
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }
}
