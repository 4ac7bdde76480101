/** What the console uses of noVNC, which comes without types. */
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(
      target: HTMLElement,
      address: string,
      options?: { readonly wsProtocols?: readonly string[] },
    );
    viewOnly: boolean;
    scaleViewport: boolean;
    focus(): void;
    disconnect(): void;
    sendCtrlAltDel(): void;
  }
}
