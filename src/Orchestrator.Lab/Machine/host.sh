#!/bin/sh
# One libvirt host of the emulated machine, in its own mount and host name space: its daemon with its folders, its sshd.
#   lab-host LETTER NAME UUID TCP-PORT SSH-PORT FIRST-MIGRATION-PORT
letter=$1 name=$2 uuid=$3 tcp=$4 ssh=$5 migration=$6
mount --make-rprivate /
hostname "$name"
if [ "$letter" != a ]; then
    for folder in run/libvirt var/lib/libvirt var/log/libvirt var/cache/libvirt etc/libvirt; do
        mkdir -p "/srv/host-$letter/$folder" "/$folder"
        [ -d "/srv/host-$letter/$folder" ] && cp -a "/$folder/." "/srv/host-$letter/$folder/" 2>/dev/null
        mount --bind "/srv/host-$letter/$folder" "/$folder"
    done
    # Both would make cgroups of the same names.
    umount /sys/fs/cgroup
fi

cat >/etc/libvirt/libvirtd.conf <<END
listen_tls = 0
listen_tcp = 1
tcp_port = "$tcp"
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_group = "libvirt"
unix_sock_rw_perms = "0770"
host_uuid = "$uuid"
END
cat >/etc/libvirt/qemu.conf <<END
stdio_handler = "file"
security_driver = "none"
group = "kvm"
migration_port_min = $migration
migration_port_max = $((migration + 63))
cgroup_device_acl = [
  "/dev/null", "/dev/full", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/ptmx", "/dev/kvm", "/dev/userfaultfd",
$(for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do echo "  \"/dev/vhost-vdpa-$n\","; done)
]
END
virtlogd -d -p /run/libvirt/virtlogd.pid
libvirtd -d -l -p /run/libvirt/libvirtd.pid
exec /usr/sbin/sshd -D -p "$ssh" -h /etc/ssh/lab_host_key -o PasswordAuthentication=no -o UseDNS=no -o UsePAM=no -o PidFile=none
