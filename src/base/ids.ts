/** A node's name, chosen by the operator, unique in a cluster, stable over restarts. */
export type NodeId = string;

/** Sixteen random hexadecimal digits made with a data directory: a wiped node has another one. */
export type Incarnation = string;

/** Thirty-two hexadecimal digits made when a cluster is bootstrapped. */
export type ClusterId = string;

/** One replicated sequence of entries. Group 0 is the catalog. */
export type GroupId = number;

/** `host:port`. */
export type Address = string;
