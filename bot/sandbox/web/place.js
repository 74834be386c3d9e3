// Where the person is on the page: kept in the address, so that a reload or a second window comes back to it.

export class Place {
  constructor() {
    this.followers = [];
    addEventListener("popstate", () => this.tell());
  }

  read() {
    return new URLSearchParams(location.search);
  }

  get(name) {
    return this.read().get(name);
  }

  /** Sets several names at once; null removes one. */
  set(changes) {
    const now = this.read();
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) now.delete(name);
      else now.set(name, value);
    }
    history.replaceState(null, "", `?${now}`);
    this.tell();
  }

  follow(callback) {
    this.followers.push(callback);
  }

  tell() {
    for (const callback of this.followers) callback();
  }
}
