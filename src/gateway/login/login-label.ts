/** Marks the grant of a login, which the gateway makes and vouches for itself. */
export const loginLabel = 'gateway.drawbridge.dev/login';
