#!/bin/sh
# The emulated machine's first process: devices, network, the two hosts. What differs from machine to machine comes from outside, through QEMU's fw_cfg.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /dev/pts /dev/shm /run/lock /run/sshd
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
mount -o remount,rw /

given=/sys/firmware/qemu_fw_cfg/by_name/opt/orchestrator
modprobe qemu_fw_cfg
cat $given/config/raw >/run/lab-config
. /run/lab-config
mkdir -p -m 700 /root/.ssh /home/ops/.ssh
for home in /root /home/ops; do cat $given/user-key/raw >$home/.ssh/authorized_keys; done
chown -R ops /home/ops/.ssh
(umask 077 && cat $given/host-key/raw >/etc/ssh/lab_host_key)

/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add
udevadm settle --timeout=60

ip link set lo up
for card in /sys/class/net/*; do
    case $(cat "$card/address") in
        "$USER_MAC") address=10.0.2.15/24 ;;
        "$LINK_MAC") address=$LINK_ADDRESS/24 ;;
        *) continue ;;
    esac
    ip address add "$address" dev "${card##*/}"
    ip link set "${card##*/}" up
done

modprobe -a kvm_amd vfio-pci vhost_vdpa vdpa_sim_net vdpa_sim_blk vduse vp_vdpa
# Two virtio functions that stand for a SmartNIC's: management devices with a PCI parent and a NUMA node.
for function in $VDPA_FUNCTIONS; do
    echo vp-vdpa >/sys/bus/pci/devices/$function/driver_override
    [ -e /sys/bus/pci/devices/$function/driver ] && echo $function >/sys/bus/pci/devices/$function/driver/unbind
    echo $function >/sys/bus/pci/drivers_probe
done

hostname "$HOST_A"
unshare --mount --uts /sbin/lab-host a "$HOST_A" "$UUID_A" 16509 22 49152 &
unshare --mount --uts /sbin/lab-host b "$HOST_B" "$UUID_B" 16510 2222 49216 &

# Whatever becomes an orphan becomes ours, and is waited for.
while :; do
    sleep 3600 &
    wait $!
done
