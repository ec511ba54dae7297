#!/bin/busybox sh
# The guest's first process: what the ticker needs, then the ticker itself.
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
# The ACPI power button and the device that reports it; some kernels have them built in.
for module in /modules/*.ko; do
    [ -e "$module" ] && /bin/busybox insmod "$module"
done
# A shell on the second serial port, for guests that have one.
if /bin/busybox grep -q lab.shell /proc/cmdline; then
    /bin/busybox mkdir /tmp
    /bin/busybox --install -s /bin
    while :; do /bin/setsid /bin/sh -c 'exec /bin/sh -i </dev/ttyS1 >/dev/ttyS1 2>&1'; done &
fi
exec /ticker
