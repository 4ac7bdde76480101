/** Deployments, field by field; struct/table.ts tells how to read it. @spec Kubernetes apps/v1 types */
export const deploymentStructs = `
RollingUpdateDeployment
 1 maxUnavailable *intOrString
 2 maxSurge *intOrString
DeploymentStrategy
 1 type string
 2 rollingUpdate *RollingUpdateDeployment
DeploymentSpec
 1 replicas *int32 =1
 2 selector *LabelSelector
 3 template PodTemplateSpec
 4 strategy DeploymentStrategy retainKeys
 5 minReadySeconds int32
 6 revisionHistoryLimit *int32 =10
 7 paused bool
 9 progressDeadlineSeconds *int32 =600
DeploymentCondition
 1 type string
 2 status string
 6 lastUpdateTime time
 7 lastTransitionTime time
 4 reason string
 5 message string
DeploymentStatus
 1 observedGeneration int64
 2 replicas int32
 3 updatedReplicas int32
 7 readyReplicas int32
 4 availableReplicas int32
 5 unavailableReplicas int32
 9 terminatingReplicas *int32
 6 conditions []DeploymentCondition map:type merge:type
 8 collisionCount *int32
`;
