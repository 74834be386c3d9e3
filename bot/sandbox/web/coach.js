export class Coach { constructor() {} show() {} }
