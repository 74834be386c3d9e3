import { state } from "./api.js";
export class Books { constructor(root, place) { this.root = root; } load() { return state("intacct"); } show(value) {} }
