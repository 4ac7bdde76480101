/** What pods report, field by field; struct/table.ts tells how to read it. @spec Kubernetes core/v1 types */
export const podStatusStructs = `
PodCondition
 1 type string
 7 observedGeneration int64
 2 status string
 3 lastProbeTime time
 4 lastTransitionTime time
 5 reason string
 6 message string
HostIP
 1 ip string
PodIP
 1 ip string
ContainerStateWaiting
 1 reason string
 2 message string
ContainerStateRunning
 1 startedAt time
ContainerStateTerminated
 1 exitCode int32
 2 signal int32
 3 reason string
 4 message string
 5 startedAt time
 6 finishedAt time
 7 containerID string
ContainerState
 1 waiting *ContainerStateWaiting
 2 running *ContainerStateRunning
 3 terminated *ContainerStateTerminated
VolumeMountStatus
 1 name string
 2 mountPath string
 3 readOnly bool
 4 recursiveReadOnly *string
LinuxContainerUser
 1 uid int64
 2 gid int64
 3 supplementalGroups []int64 atomic
ContainerUser
 1 linux *LinuxContainerUser
ResourceHealth
 1 resourceID string
 2 health string
 6 message *string
ResourceStatus
 1 name string
 2 resources []ResourceHealth map:resourceID
ContainerStatus
 1 name string
 2 state ContainerState
 3 lastState ContainerState
 4 ready bool
 5 restartCount int32
 6 image string
 7 imageID string
 8 containerID string
 9 started *bool
 10 allocatedResources {}quantity
 11 resources *ResourceRequirements
 12 volumeMounts []VolumeMountStatus map:mountPath merge:mountPath
 13 user *ContainerUser
 14 allocatedResourcesStatus []ResourceStatus map:name merge:name
PodResourceClaimStatus
 1 name string
 2 resourceClaimName *string
PodStatus
 17 observedGeneration int64
 1 phase string
 2 conditions []PodCondition map:type merge:type
 3 message string
 4 reason string
 11 nominatedNodeName string
 5 hostIP string
 16 hostIPs []HostIP atomic merge:ip
 6 podIP string
 12 podIPs []PodIP map:ip merge:ip
 7 startTime *time
 10 initContainerStatuses []ContainerStatus atomic
 8 containerStatuses []ContainerStatus atomic
 9 qosClass string
 13 ephemeralContainerStatuses []ContainerStatus atomic
 14 resize string
 15 resourceClaimStatuses []PodResourceClaimStatus map:name merge,retainKeys:name
 19 allocatedResources {}quantity
 20 resources *ResourceRequirements
`;
