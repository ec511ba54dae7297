#!/bin/busybox sh
# The guest's first process: what the ticker needs, then the ticker itself.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
# The ACPI power button and the device that reports it; some kernels have them built in.
for module in /modules/*.ko; do
    [ -e "$module" ] && /bin/busybox insmod "$module"
done
exec /ticker
