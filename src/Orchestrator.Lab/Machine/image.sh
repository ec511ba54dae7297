#!/bin/sh
# Makes the image of the emulated machine in the folder that it is called in: out/kernel, out/initramfs, out/disk and out/qemu, which runs them. Everything comes from Debian's mirror, the one that this machine uses.
#   image.sh SUITE
# For mmdebstrap it is the hook that works on the finished tree: image.sh ROOT, with WORKSHOP set.
set -eu

if [ -z "${WORKSHOP:-}" ]; then
    suite=$1
    # The machine's own mirrors with another suite: bookworm, bookworm-updates and bookworm-security become trixie, …
    own=$(. /etc/os-release && echo "$VERSION_CODENAME")
    apt-get indextargets --format '$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|$own\(-updates\|-security\)\{0,1\}|main|\(.*\)\$/deb [signed-by=\/usr\/share\/keyrings\/debian-archive-keyring.gpg] \2 $suite\1 main/p" | sort -u >sources.list
    [ -s sources.list ] || { echo "found no apt source of Debian $own/main on this machine to take the mirror from" >&2; exit 1; }
    mkdir out
    export WORKSHOP="$PWD"
    packages=linux-image-amd64,linux-headers-amd64,gcc,libc6-dev,make,kmod,udev,iproute2,iputils-ping,pciutils,procps,busybox-static,cpio,xz-utils,openssh-server,sudo
    packages=$packages,libvirt-daemon-system,libvirt-clients,libvirt-daemon-driver-qemu,libvirt-daemon-driver-nodedev,libvirt-daemon-lock,libvirt-daemon-log
    packages=$packages,qemu-system-x86,qemu-utils,qemu-block-extra
    echo "fetching Debian $suite" >&2
    exec mmdebstrap --quiet --variant=essential --include=$packages --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="$PWD/image.sh" "$suite" /dev/null sources.list
fi

root=$1
work=$root/lab-build
mkdir "$work"
cp "$WORKSHOP"/* "$work/" 2>/dev/null || true

echo "fetching and compiling the vDPA simulators" >&2
# The simulators are in the kernel's source and not in Debian's kernel: the ones that belong to these headers.
kernel=$(ls "$root/lib/modules")
series=$(echo "$kernel" | cut -d. -f1,2)
(cd "$work" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -o APT::Sandbox::User=root download "linux-source-$series")
dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" |
    tar -xJ -C "$work" --strip-components=2 --wildcards '*/drivers/vdpa/vdpa_sim/*.[ch]' '*/drivers/vdpa/virtio_pci/*.c' '*/drivers/vhost/vringh.c'
chroot "$root" sh /lab-build/tree.sh "$kernel"

mv "$root"/lab-build/initramfs "$root"/lab-build/qemu "$WORKSHOP/out/"
cp "$root/boot/vmlinuz-$kernel" "$WORKSHOP/out/kernel"
rm -rf "$work" "$root"/usr/src "$root"/usr/lib/gcc "$root"/boot/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*

echo "writing the disk" >&2
# Without what is mounted in it now: a bind mount shows the tree's own file system alone.
mkdir "$WORKSHOP/tree"
mount --bind "$root" "$WORKSHOP/tree"
trap 'umount "$WORKSHOP/tree"' EXIT
size=$(du -sm "$WORKSHOP/tree" | cut -f1)
truncate -s "$((size + size / 4 + 300))M" "$WORKSHOP/out/disk"
mke2fs -q -t ext4 -O ^has_journal -d "$WORKSHOP/tree" "$WORKSHOP/out/disk"
