/** How sites of one network write to each other: over the links between them. */
export interface SitePost {
  /**
   * Sends a text to the controller of a site.
   * @param namespace whose router carries it
   * @returns false when it cannot be sent now; true promises nothing about arrival
   */
  send(namespace: string, siteId: string, text: string): boolean;
  /**
   * Receives what anybody in the network writes to the site of a namespace.
   * @returns takes the listener away
   */
  onText(listener: (namespace: string, text: string) => void): () => void;
}
