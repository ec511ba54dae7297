#!/bin/busybox sh
# The emulated machine's first process: finds its disk and makes it the root.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do /bin/busybox insmod "$module"; done
while ! [ -b /dev/vda ]; do /bin/busybox usleep 10000; done
# Two disks look alike to the kernel; the machine's is the one with its first process.
for disk in /dev/vd?; do
    /bin/busybox mount -t ext4 "$disk" /new 2>/dev/null || continue
    [ -x /new/sbin/lab-machine ] && break
    /bin/busybox umount /new
done
/bin/busybox mount -o move /dev /new/dev
/bin/busybox umount /sys
/bin/busybox umount /proc
exec /bin/busybox switch_root /new /sbin/lab-machine
