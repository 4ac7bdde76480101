/** Pods, field by field; struct/table.ts tells how to read it. @spec Kubernetes core/v1 types */
export const podStructs = `
Sysctl
 1 name string
 2 value string
PodSecurityContext
 1 seLinuxOptions *SELinuxOptions
 8 windowsOptions *WindowsSecurityContextOptions
 2 runAsUser *int64
 6 runAsGroup *int64
 3 runAsNonRoot *bool
 4 supplementalGroups []int64 atomic
 12 supplementalGroupsPolicy *string
 5 fsGroup *int64
 7 sysctls []Sysctl atomic
 9 fsGroupChangePolicy *string
 10 seccompProfile *SeccompProfile
 11 appArmorProfile *AppArmorProfile
 13 seLinuxChangePolicy *string
HostAlias
 1 ip string
 2 hostnames []string atomic
PodDNSConfigOption
 1 name string
 2 value *string
PodDNSConfig
 1 nameservers []string atomic
 2 searches []string atomic
 3 options []PodDNSConfigOption atomic
PodReadinessGate
 1 conditionType string
PodOS
 1 name string
PodSchedulingGate
 1 name string
PodResourceClaim
 1 name string
 3 resourceClaimName *string
 4 resourceClaimTemplateName *string
PodSpec
 1 volumes []Volume map:name merge,retainKeys:name
 20 initContainers []Container map:name merge:name
 2 containers []Container map:name merge:name
 34 ephemeralContainers []EphemeralContainer map:name merge:name
 3 restartPolicy string ="Always"
 4 terminationGracePeriodSeconds *int64 =30
 5 activeDeadlineSeconds *int64
 6 dnsPolicy string ="ClusterFirst"
 7 nodeSelector {}string atomic
 8 serviceAccountName string
 9 serviceAccount string
 21 automountServiceAccountToken *bool
 10 nodeName string
 11 hostNetwork bool
 12 hostPID bool
 13 hostIPC bool
 27 shareProcessNamespace *bool
 14 securityContext *PodSecurityContext ={}
 15 imagePullSecrets []LocalObjectReference map:name merge:name
 16 hostname string
 17 subdomain string
 18 affinity *Affinity
 19 schedulerName string ="default-scheduler"
 22 tolerations []Toleration atomic
 23 hostAliases []HostAlias map:ip merge:ip
 24 priorityClassName string
 25 priority *int32
 26 dnsConfig *PodDNSConfig
 28 readinessGates []PodReadinessGate atomic
 29 runtimeClassName *string
 30 enableServiceLinks *bool
 31 preemptionPolicy *string
 32 overhead {}quantity
 33 topologySpreadConstraints []TopologySpreadConstraint map:topologyKey,whenUnsatisfiable merge:topologyKey
 35 setHostnameAsFQDN *bool
 36 os *PodOS
 37 hostUsers *bool
 38 schedulingGates []PodSchedulingGate map:name merge:name
 39 resourceClaims []PodResourceClaim map:name merge,retainKeys:name
 40 resources *ResourceRequirements
 41 hostnameOverride *string
PodTemplateSpec
 1 metadata ObjectMeta
 2 spec PodSpec
`;
