#!/bin/sh
# Inside the tree that becomes the machine's disk: the simulators' modules, the machine's first file system in memory, its guests' kernel and file system, its first process.
#   tree.sh KERNEL
set -eu
kernel=$1
cd /lab-build

# QEMU asks for rings of 1024; vhost_vdpa refuses what is larger than the device has, and the simulators have 256: a guest would get a dead NIC (docs/vdpa-lab.md).
grep -q '^#define VDPASIM_QUEUE_MAX 256$' vdpa/vdpa_sim/vdpa_sim.c
sed -i 's/^#define VDPASIM_QUEUE_MAX 256$/static int queue_max = 1024;\nmodule_param(queue_max, int, 0444);\nMODULE_PARM_DESC(queue_max, "Entries of a ring (default: 1024; the kernel'"'"'s own: 256)");\n#define VDPASIM_QUEUE_MAX queue_max/' vdpa/vdpa_sim/vdpa_sim.c
mkdir modules
cp vhost/vringh.c vdpa/vdpa_sim/*.[ch] vdpa/virtio_pci/vp_vdpa.c modules/
echo 'obj-m := vringh.o vdpa_sim.o vdpa_sim_net.o vdpa_sim_blk.o vp_vdpa.o' >modules/Makefile
make -s -j2 -C "/lib/modules/$kernel/build" M=/lab-build/modules modules
mkdir -p "/lib/modules/$kernel/extra"
strip --strip-debug modules/*.ko
cp modules/*.ko "/lib/modules/$kernel/extra/"
depmod "$kernel"

# modules_into FOLDER MODULE...: with what each depends on, in an order in which they load, unpacked: 10-failover.ko, …
modules_into() {
    folder=$1 number=10
    shift
    mkdir -p "$folder"
    for module in "$@"; do
        modprobe -S "$kernel" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p' >needed
        while read -r file; do
            name=$(basename "$file" .xz)
            ls "$folder" | grep -q "^[0-9]*-$name\$" && continue
            case $file in *.xz) xz -dc "$file" >"$folder/$number-$name" ;; *) cp "$file" "$folder/$number-$name" ;; esac
            number=$((number + 1))
        done <needed
    done
}

mkdir -p first/bin first/dev first/proc first/sys first/new
cp /bin/busybox first/bin/
modules_into first/modules virtio_blk crc32c_generic ext4
install -m 755 first.sh first/init
(cd first && find . | cpio --quiet -o -H newc) >initramfs

mkdir -p guest/bin guest/dev guest/proc guest/sys
cp /bin/busybox guest/bin/
modules_into guest/modules button evdev virtio_net virtio_blk igbvf
install -m 755 init.sh guest/init
gcc -O2 -static -o guest/ticker ticker.c
mkdir -p /srv/guest
(cd guest && find . | cpio --quiet -o -H newc) >/srv/guest/initramfs
cp "/boot/vmlinuz-$kernel" /srv/guest/kernel
chmod 644 /srv/guest/*

# The QEMU that emulates this machine is the machine's own release's, with its libraries and firmware: it is the same wherever the lab runs.
mkdir -p qemu/lib qemu/share
cp -L /usr/bin/qemu-system-x86_64 qemu/
ldd /usr/bin/qemu-system-x86_64 | sed -n 's/^.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p' | while read -r library; do cp -L "$library" qemu/lib/; done
cp -L /usr/share/seabios/bios-256k.bin /usr/share/qemu/linuxboot*.bin /usr/share/qemu/kvmvapic.bin qemu/share/

install -m 755 machine.sh /sbin/lab-machine
install -m 755 host.sh /sbin/lab-host
# A password that none is: an account that is locked could not log in with a key either.
useradd --create-home --shell /bin/sh --groups libvirt --password "*" ops
cp 70-vhost-vdpa.rules /etc/udev/rules.d/
install -m 440 sudoers /etc/sudoers.d/orchestrator
visudo -cq
rm -f /etc/ssh/ssh_host_*
