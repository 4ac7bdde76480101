/** Endpoints of services, field by field; struct/table.ts tells how to read it. @spec Kubernetes core/v1 and discovery/v1 types */
export const endpointsStructs = `
ObjectReference atomic
 1 kind string
 2 namespace string
 3 name string
 4 uid string
 5 apiVersion string
 6 resourceVersion string
 7 fieldPath string
EndpointAddress atomic
 1 ip string
 3 hostname string
 4 nodeName *string
 2 targetRef *ObjectReference
EndpointPort atomic
 1 name string
 2 port int32
 3 protocol string ="TCP"
 4 appProtocol *string
EndpointSubset
 1 addresses []EndpointAddress atomic
 2 notReadyAddresses []EndpointAddress atomic
 3 ports []EndpointPort atomic
EndpointConditions
 1 ready *bool
 2 serving *bool
 3 terminating *bool
ForZone
 1 name string
ForNode
 1 name string
EndpointHints
 1 forZones []ForZone atomic
 2 forNodes []ForNode atomic
Endpoint
 1 addresses []string set
 2 conditions EndpointConditions
 3 hostname *string
 4 targetRef *ObjectReference
 5 deprecatedTopology {}string
 6 nodeName *string
 7 zone *string
 8 hints *EndpointHints
EndpointSlicePort atomic
 1 name *string
 2 protocol *string
 3 port *int32
 4 appProtocol *string
EndpointsBody
 2 subsets []EndpointSubset atomic
EndpointSliceBody
 2 endpoints []Endpoint atomic
 3 ports []EndpointSlicePort atomic
 4 addressType string
`;
