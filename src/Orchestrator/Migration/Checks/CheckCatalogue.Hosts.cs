namespace Orchestrator.Migration.Checks;

public static partial class CheckCatalogue
{
    private static IEnumerable<CheckExplanation> Pairs =>
    [
        Pair("pair-two-hosts", "That the two are two hosts.", "libvirt refuses a migration to the same host UUID.", "Set host_uuid in libvirtd.conf of one."),
        Pair("pair-architecture", "That both have one architecture.", "Guests move only within one.", "Choose another host."),
        Pair("pair-cpu-model", "That both have the same CPU model.", "A guest with host-passthrough stays where its CPU is.", "Give guests a model that both have."),
        Pair("pair-bios", "That both have the same BIOS version.", "KAE's guide demands it: firmware sets up the accelerators and the SMMU.", "Bring both to the same version."),
        Pair("pair-kernel", "That both run the same kernel.", "Drivers of devices change their state's format with it.", "Bring both to the same kernel."),
        Pair("pair-drivers", "That both have the same builds of the devices' modules.", "A device's state is read by another build than wrote it.", "Install the same driver packages."),
        Pair("pair-firmware", "A reminder: the firmware of the cards is told by nothing that can be asked.", "It must be the same where the card's state travels.", "Compare it with ethtool -i or the vendor's tool."),
        Pair("pair-dialect", "That both libvirts understand the same documents.", "Stock libvirt drops migration= without a word, and refuses <hostdev type='vdpa'>.", "Use two hosts of one distribution."),
        Pair("pair-libvirt", "That the destination's libvirt is not older.", "It may not know what the document holds.", "Update it, or migrate the other way."),
        Pair("pair-qemu", "That the destination's QEMU is not older.", "A machine type or device that it lacks makes the migration fail late.", "Update it, or migrate the other way."),
        Pair("pair-vf-counts", "That both have the same number of KAE functions on each engine.", "They share an engine's queues, and the driver refuses state of another share (\"failed to match VF qp num\").", "Set sriov_numvfs to the same number."),
        Pair("pair-pf-q-num", "That the KAE modules have the same pf_q_num on both.", "It decides how many queues are left for the functions.", "Load the modules with the same pf_q_num."),
        Pair("pair-vdpa-devices", "That the destination has as many vDPA devices for guests.", "A migration maps each to one of them, or makes one.", "Create them: vdpa dev add."),
        Pair("pair-ports", "The ports of incoming migrations.", "Firewalls must let them in; two daemons of one machine must not share them (2 of 40 crossing migrations failed so).", "Set migration_port_min and migration_port_max in qemu.conf."),
        Pair("pair-clock", "How far the hosts' clocks are apart.", "A blackout is taken from stamps of both; the offset is bounded by each migration's own events.", "Let both follow one NTP server."),
        Pair("pair-answer", "That both answer this process.", "Without that nothing can be said.", "Start the daemon."),
        Pair("pair-reach", "Whether the source's daemon can reach and log in to the destination's.", "Peer-to-peer migration needs it; libvirt has no call that tries it without migrating.", "virsh -c URI version on the source, as the daemon's account; or --mode direct."),
    ];

    private static IEnumerable<CheckExplanation> Hosts =>
    [
        Host("owner", "Whether OpenStack, KubeVirt or oVirt manages the host.", "They put back what others change.", "Go through that manager."),
        Host("libvirt", "libvirt's version and dialect.", "openEuler's has its own host devices; stock ones have minimum versions.", "Install another libvirt."),
        Host("libvirt-vdpa", "That libvirt has a form for vDPA devices.", "<hostdev type='vdpa'> is openEuler's (22.03 SP3), <interface type='vdpa'> stock's (6.9).", "Install another libvirt."),
        Host("libvirt-vdpa-disk", "That vDPA disks can be used.", "<disk type='vhostvdpa'> needs libvirt 9.8 and a QEMU with libblkio.", "Install both."),
        Host("libvirt-migration-attribute", "That libvirt keeps migration= of <hostdev>.", "Stock libvirt drops it without a word; openEuler has it since 22.03 SP4 and 24.03 SP3.", "Update openEuler's libvirt."),
        Host("qemu", "QEMU's version.", "Stock hosts need 5.1 for <interface type='vdpa'>.", "Update QEMU."),
        Host("qemu-generic-vdpa", "That QEMU has the generic vDPA device.", "vhost-vdpa-device-pci: QEMU 8.0, openEuler's 6.2.", "Update QEMU."),
        Host("qemu-silent-failures", "A reminder of failures that only QEMU's log tells.", "After a rollback a vDPA device that did not resume is dead while the domain runs.", "Look for 'vhost vdpa device resume failed' in the domain's log."),
        Host("vhost-vdpa-module", "That the module vhost_vdpa is loaded.", "It makes the nodes that QEMU opens.", "modprobe vhost_vdpa"),
        Host("vhost-vdpa-nodes", "That bound devices have their /dev/vhost-vdpa-N.", "Without a node there is nothing to open.", "Look into dmesg."),
        Host("device-permissions", "That QEMU's account may open the nodes.", "openEuler's libvirt neither chowns nor relabels them.", "A udev rule; the check prints it."),
        Host("generic-device-access", "What stands in the way of a generic device through <qemu:commandline>.", "libvirt does not know the device: cgroup_device_acl and AppArmor keep it out.", "Add the node to cgroup_device_acl in qemu.conf."),
        Host("vdpa-bus", "That the kernel has the vDPA bus.", "All vDPA devices are on it.", "modprobe vdpa"),
        Host("vdpa-devices", "That a vDPA device is bound to vhost_vdpa.", "virtio_vdpa gives it to the host itself.", "vdpa dev add …, or bind it."),
        Host("vdpa-driver", "That a driver provides vDPA devices.", "Without one the bus stays empty.", "Load the vendor's driver."),
        Host("vdpa-hardware", "That there is hardware that could be vDPA devices.", "Without it only simulators work.", "Put a SmartNIC in."),
        Host("kae-pf-driver", "That the accelerator's functions have their drivers.", "hisi_zip, hisi_sec2, hisi_hpre drive the engines.", "modprobe them with pf_q_num."),
        Host("kae-vf-driver", "That the virtual functions have the driver that migrates.", "hisi_acc_vfio_pci, or vfio-pci with hisi_migration on 22.03.", "orchestrator vf bind"),
        Host("kae-uacce", "That the engines are in /sys/class/uacce.", "They are missing after some reboots.", "Load the engine's module again."),
        Host("kae-hardware", "That the host has the Kunpeng accelerator.", "ZIP, SEC and HPRE are PCI functions of the CPU.", "Switch it on in the BIOS."),
        Host("kae-sriov", "That the engines have virtual functions.", "Guests get those.", "orchestrator vf enable"),
        Host("iommu", "That the IOMMU is on.", "VFIO and vDPA hardware need it.", "Switch it on in BIOS and kernel."),
        Host("nic-tested", "Whether the card is the one that was tested.", "openEuler's report covers the Huawei SP623Q alone.", "Migrate a guest of no importance first."),
        Host("architecture-tested", "Whether the architecture is the one that was tested.", "openEuler's report covers aarch64 alone.", "Migrate a guest of no importance first."),
        Host("numa", "That one NUMA node has functions of every kind.", "Devices on several nodes cost speed.", "Create functions on one node."),
        Host("firmware", "The host's firmware.", "Pairs compare it.", "dmidecode -s bios-version"),
        Host("clock", "That the clock is synchronised.", "A blackout is taken from the stamps of two hosts.", "systemctl enable --now chronyd"),
        Host("method-trace", "Whether a downtime can be taken from QEMU's log.", "The log must be readable, and its lines stamped.", "Set log_timestamp = 1 in qemu.conf."),
        Host("method-qmp", "Whether QEMU's own events reach us.", "STOP and RESUME bound the blackout.", "Install libvirt-qemu.so.0."),
        Host("method-libvirt", "Whether libvirt tells statistics of jobs.", "They hold its own figure of the downtime.", "Nothing to do."),
        Host("method-observer", "Whether events reach this process.", "Their arrival needs no clock but ours.", "Nothing to do."),
        Host("method-guest", "Whether guests tick.", "Only those of the lab do.", "Nothing to do."),
        Host("side-channel", "How the machine of a host elsewhere is reached over SSH, and by which methods this user can measure there.", "libvirt tells neither files nor the vdpa tool.", "Set side_channel in hosts.yaml."),
        Host("ssh-helper", "That a host reached over SSH has virt-ssh-helper or nc.", "libvirt runs one of them at the other end.", "Install virt-ssh-helper, or netcat-openbsd."),
        Host("migration-ports", "The ports of incoming migrations.", "Firewalls must let them in.", "Set migration_port_min and migration_port_max."),
    ];

    private static CheckExplanation Pair(string id, string means, string why, string remedy) => new(id, CheckSubject.Pair, means, why, remedy);

    private static CheckExplanation Host(string id, string means, string why, string remedy) => new(id, CheckSubject.Host, means, why, remedy);
}
