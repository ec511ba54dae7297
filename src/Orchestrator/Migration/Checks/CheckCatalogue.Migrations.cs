namespace Orchestrator.Migration.Checks;

public static partial class CheckCatalogue
{
    private const CheckSubject Of = CheckSubject.Migration;

    private static IEnumerable<CheckExplanation> Migrations =>
    [
        new("two-hosts", Of, "That source and destination are two hosts, by their host UUIDs.",
            "libvirt refuses a migration to the same host, by the UUID of the firmware; cheap boards share one, and then two machines look like one.",
            "Name another destination. If these are two machines with one UUID, set host_uuid in libvirtd.conf of one."),
        new("hypervisor", Of, "That both hosts run QEMU.", "Only QEMU's driver has what a live migration of this kind needs.", "Connect with a qemu:// URI."),
        new("architecture", Of, "That both hosts have one CPU architecture.", "A guest's memory and registers mean nothing on another.", "Choose a destination of the same architecture."),
        new("qemu-versions", Of, "That the destination's QEMU is not older than the source's.",
            "A machine type or device that the older QEMU lacks makes the migration fail late, when the memory has been sent.", "Update the destination, or choose another."),
        new("domain-runs", Of, "That the domain runs.", "Only a running domain can be live-migrated; a paused one arrives paused, and its downtime cannot be measured.", "Start it, or resume it, first."),
        new("no-job", Of, "That no job runs on the domain.", "libvirt runs one job of a domain at a time; a second one waits 30 s for the lock and fails.", "Wait for the job, or abort it with virsh domjobabort."),
        new("destination-free", Of, "What stands on the destination under the domain's name and UUID.",
            "A name or UUID of another domain is refused late; a running copy would make two of one guest. A shut-off definition of the same domain is normal.", "Rename or remove what is in the way; of two running copies find out first which is the right one."),
        new("snapshots", Of, "That the domain has no snapshots.", "libvirt: \"cannot migrate domain with N snapshots\". What it knows of snapshots is on the source alone.", "Delete them; virsh snapshot-delete --metadata keeps the disks' contents."),
        new("block-jobs", Of, "That no copy, commit or pull works on a disk.", "libvirt: \"domain has active block job\". A job that has ended and was not concluded counts, too.", "Wait for it, or end it with virsh blockjob --abort."),
        new("qemu-devices", Of, "That QEMU has no devices which the domain's document lacks.",
            "The destination's QEMU is started from the document: without them the migration fails late. Only who talks to QEMU past libvirt can plug in such a device, which taints the domain (custom-monitor); QEMU is asked only when it is tainted so, because asking taints, too.",
            "Detach them first: orchestrator device detach DOMAIN ID."),
        new("qemu-blockers", Of, "What QEMU itself says against a migration (query-migrate). Asked only when the domain is tainted by an earlier question.", "QEMU knows its devices best; libvirt asks the same when the migration begins.", "Detach the devices that it names."),
        new("transient-disk", Of, "That no disk is transient.", "libvirt: \"migration with transient disk is not supported\". Its writes are in a file of the source alone.", "Take <transient/> out of the definition, at the next start."),
        new("virtiofs", Of, "Whether the domain has file systems of its host over virtiofs.", "libvirt refused them for long, and newer ones need a virtiofsd that can migrate, and the same folder on the destination.", "Unmount and detach them, migrate, attach them again."),
        new("shmem", Of, "That the domain shares no memory with others on its host.", "The memory of <shmem> stays behind, unless the guest's own is the master's copy.", "Detach it first."),
        new("cpu", Of, "That the destination can offer the guest's CPU (virConnectCompareHypervisorCPU); with host-passthrough, that both hosts have the same.",
            "Otherwise the migration ends with \"guest CPU doesn't match specification: missing features\"; with host-passthrough libvirt does not look, and the guest may crash later.",
            "Give the guest a CPU model that both have (virsh hypervisor-cpu-baseline) at its next start."),
        new("machine-type", Of, "That the destination has the emulator, at the same path, and that knows the machine type.", "The document names both, and they cannot change in a running guest.", "Install a QEMU with that machine type at that path."),
        new("memory", Of, "That the destination has the guest's memory free: free, buffers and cache together.", "A host that runs out of memory ends QEMUs, this guest's or another's, perhaps after the switch-over.",
            "Free memory there, or choose another host.", "--allow overcommit"),
        new("hugepages", Of, "That the destination has free huge pages of the guest's sizes.", "QEMU cannot start there without them; they are not made when they are needed.", "virsh allocpages SIZE COUNT --add on the destination."),
        new("storage", Of, "That the destination sees the files that the guest's QEMU opens, or that they are copied: disks, kernel, firmware.",
            "A path that is not there ends the migration in its preparation; with --unsafe nobody looks whether what is there is the same.",
            "Share the storage, copy the disks, or put the files there.", "--allow unknown-storage, needed only together with --unsafe"),
        new("cache-mode", Of, "That no host's cache stands between the guest and its disks.", "libvirt: \"Migration may lead to data corruption if disks use cache other than none or directsync\": the destination might read what the source has not written yet.",
            "Set cache='none' at the next start.", "--unsafe"),
        new("storage-safety", Of, "Whether libvirt's own check of the storage is switched off.", "It is the last one who looks; --unsafe is written down with the migration.", "Leave --unsafe out."),
        new("mode", Of, "Who drives the migration.", "In direct mode this process is part of it: frozen or killed at the wrong moment, it leaves the guest paused. Peer-to-peer goes on without it.", "Use --mode p2p where the source's daemon can reach the destination's."),
        new("tls", Of, "With TLS, that both hosts have certificates for QEMU.", "Without them the migration fails when it begins; and a certificate of the daemon is not one of QEMU.", "Put ca-cert.pem, server-cert.pem and server-key.pem where migrate_tls_x509_cert_dir of qemu.conf says."),
        new("max-downtime", Of, "That the limit of the blackout is one that QEMU takes.", "1 ms to 2000 s, in whole milliseconds; QEMU cuts or refuses others.", "Choose a limit in that range."),
        new("trace-events", Of, "Whether the guest's QEMU writes the events by which a blackout is measured best; of a host: which of them its QEMU has.", "Without them the downtime is taken from QEMU's STOP and RESUME events, which is as good within a millisecond.", "Add --trace vm_state_notify to its qemu:commandline; it takes effect when the guest is next started."),
        new("free-to-migrate", Of, "That nobody else works on the domain or manages it, and that no operation was left unfinished on it.", "Two who change one domain undo each other's work; what OpenStack, KubeVirt or oVirt manages they put back, or lose track of. What a dead process of this machine left is settled first; what another machine has marked may still go on.", "Wait for the other operation; go through the manager; see to the other machine's operation there.", "--allow foreign-owner, --allow foreign-operation"),
    ];

    private static IEnumerable<CheckExplanation> Devices =>
    [
        new("device-map", Of, "That each --map names a device of the domain, and each once.", "A mapping that means nothing would be dropped silently.", "See the devices: orchestrator device list DOMAIN."),
        new("device-mapping", Of, "What each vDPA device and PCI function becomes on the destination.",
            "/dev/vhost-vdpa-N and addresses differ between hosts, and libvirt looks at neither: the guest would get another's card, or fail late. Found are: the same class, features, queues; a card with the same MAC and MTU; a function of the same kind with the right driver, nearest first. A disk is the same only when somebody who knows says so: neither kernel nor vdpa tool tells a disk's identity, and equal size is none.",
            "Choose by hand: --map SOURCE=DESTINATION, or =MGMTDEV/new to have a device made.", "--allow cross-vendor, for vDPA devices; never for functions"),
        new("vhost-user-backend", Of, "That a vhost-user backend of the destination's own waits for each such device.", "Two QEMUs on one backend make libvirt hang; without one QEMU waits for ever.", "Start one there, and map it: --map SOCKET=SOCKET."),
        new("device-migration", Of, "How each device of the host would migrate.", "Some go with the guest, some by their hardware's help, some over shadow virtqueues, some not at all. Where only QEMU can tell, that is said; with --detach-devices it is asked.",
            "--detach-devices: detached before, and attached again on the destination after; never an accelerator's function, a disk, or what the guest boots from.", "--detach-devices"),
        new("definition-devices", Of, "That the definition has no host devices beside those of the running domain.", "They would name on the destination what they named on the source: at the next start another guest's device (this was a security hole in OpenStack).", "Detach them with --config, or give the definition by hand: --persistent-xml.", "--persistent-xml FILE"),
        new("given-document", Of, "That a document given by --xml or --persistent-xml is this domain's, and leaves the guest's devices in their places.", "libvirt compares place and kind of devices and refuses others; it does not compare what they use of the host, which is what may change.", "Begin with virsh dumpxml --migratable, and change sources only."),
        new("memlock", Of, "How much memory the devices lock, and whether that is allowed; of a host: the limits of its daemon and QEMUs.", "Each vDPA device pins the guest's memory, and libvirt counts neither vDPA host devices nor those of the command line: the kernel then refuses with ENOMEM.", "Write <memtune><hard_limit>; set LimitMEMLOCK=infinity for a daemon without root."),
        new("vdpa-ring-size", Of, "Whether the rings of a vDPA network card on the destination hold the 1024 entries that QEMU 10 asks for.", "A kernel that refuses them leaves a guest that shows its driver up and a card that is dead; only QEMU's log tells. Known of devices of this machine only (max_vq_size of vdpa dev show).", "Map it to a device with larger rings (--map), or look after the migration: orchestrator domain health."),
        new("qemu-rollback", Of, "Whether QEMU is one that may leave devices suspended when a migration of several vDPA devices is rolled back.", "The fixes 493ef78aeb and 2713ad8575 are on openEuler's 6.2.0 branch; its 8.2.0 lacked them when it was last seen. The guest then runs with a dead device, which only QEMU's log tells.", "Look for them in rpm -q --changelog qemu; check every device after a migration that failed."),
        new("kae-only", Of, "That accelerator functions are the only ones that are passed through.", "KAE's guide: no other passthrough device in the domain.", "Detach the others first."),
        new("kae-driver", Of, "That accelerator functions are bound, and written, as the destination's release migrates them.", "22.03 migrates through vfio-pci and hisi_migration, 24.03 through hisi_acc_vfio_pci with managed='no': with managed='yes' libvirt puts vfio-pci in its place, which has no state to give.", "Write managed='no' and migration='on', and bind the functions first: orchestrator vf bind."),
        new("numa-node", Of, "That functions stay on their NUMA node's number.", "KAE's guide recommends one node; across nodes an accelerator is slower.", "Free functions on that node, or pin the guest anew."),
        new("viommu", Of, "That a guest with PCI functions has no virtual IOMMU.", "QEMU: \"Migration is currently not supported with vIOMMU enabled\".", "Take <iommu> out of the definition, and start the guest anew."),
        new("guest-driver", Of, "A reminder: whether the guest's drivers are loaded is seen only in the guest.", "A KAE function without a driver is sent as not ready, without its state.", "In the guest: lsmod | grep hisi_; lspci -k."),
        new("post-copy", Of, "That post-copy is not asked for with vDPA devices or PCI functions.", "Hardware writes to memory that would still be on the source; QEMU says \"VFIO migration is not supported with postcopy migration\".", "Leave post-copy out of the policy."),
        new("device-floor", Of, "Whether the limit of the blackout leaves room for what the devices cost by themselves.", "Three vDPA devices cost 600 to 800 ms (openEuler's test report), three accelerator functions 147 to 158 ms (KAE's), and QEMU does not count a vDPA device's state when it decides to switch over.", "Allow as much, or expect more than the limit."),
    ];
}
