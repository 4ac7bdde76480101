/** Where pods may run, field by field; struct/table.ts tells how to read it. @spec Kubernetes core/v1 types */
export const schedulingStructs = `
NodeSelectorRequirement
 1 key string
 2 operator string
 3 values []string atomic
NodeSelectorTerm atomic
 1 matchExpressions []NodeSelectorRequirement atomic
 2 matchFields []NodeSelectorRequirement atomic
NodeSelector atomic
 1 nodeSelectorTerms []NodeSelectorTerm atomic
PreferredSchedulingTerm
 1 weight int32
 2 preference NodeSelectorTerm
NodeAffinity
 1 requiredDuringSchedulingIgnoredDuringExecution *NodeSelector
 2 preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm atomic
PodAffinityTerm
 1 labelSelector *LabelSelector
 2 namespaces []string atomic
 3 topologyKey string
 4 namespaceSelector *LabelSelector
 5 matchLabelKeys []string atomic
 6 mismatchLabelKeys []string atomic
WeightedPodAffinityTerm
 1 weight int32
 2 podAffinityTerm PodAffinityTerm
PodAffinity
 1 requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm atomic
 2 preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm atomic
Affinity
 1 nodeAffinity *NodeAffinity
 2 podAffinity *PodAffinity
 3 podAntiAffinity *PodAffinity
Toleration
 1 key string
 2 operator string
 3 value string
 4 effect string
 5 tolerationSeconds *int64
TopologySpreadConstraint
 1 maxSkew int32
 2 topologyKey string
 3 whenUnsatisfiable string
 4 labelSelector *LabelSelector
 5 minDomains *int32
 6 nodeAffinityPolicy *string
 7 nodeTaintsPolicy *string
 8 matchLabelKeys []string atomic
`;
