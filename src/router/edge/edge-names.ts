/** Names and limits on which an interior router and its edge routers agree. @spec router-protocol 8 */
export const meshDiscoveryAddress = '_$qd.mesh_discovery';
export const addressTracking = '_$qd.edge_addr_tracking';
export const downlinkCapability = 'qd.router-edge-downlink';

/** Most links of one edge router, two for an address that it both offers and uses. */
export const edgeLinksMax = 16_384;
/** Longest address of a link, characters. */
export const edgeAddressLengthMax = 1024;
/** Length of the name of a mesh on the wire. */
export const meshIdLength = 15;
