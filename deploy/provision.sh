#!/usr/bin/env bash
# Makes a machine one that runs Tintype: its user, its folders, the binary, its
# systemd units, security updates that install themselves. The same for one
# instance (deploy/single) and for an image (deploy/ami). To run it again changes
# nothing that is as it should be, and finishes what was interrupted; with another
# binary it is an upgrade, which keeps the one before for the way back, and takes
# it by itself where the new one does not start.
#
#   provision.sh --binary FILE [options]
#
#     --binary FILE    the program, built for this machine
#     --units FOLDER   where tintype.service and tintype.socket are
#                      (default: single/ beside this script)
#     --domain NAME    the site's name in the DNS, for a first time: it is written
#                      to the settings as TLS_DOMAINS
#     --image FOLDER   for an image of a group: also AWS's agents and what FOLDER
#                      (deploy/ami/files) holds; leaves no keys and no logs
#     --no-packages    install no packages
#     --no-start       enable the units, but start nothing (an image, a chroot)
#
#   provision.sh --roll-back
#
#     the program before the last upgrade, and back again. The schema stays: a
#     release that does not know it says so, and needs the backup of then.
#
# It knows Debian (and what is made of it) and Amazon Linux 2023. No secret
# passes through it: settings stand in /etc/tintype/tintype.env, or at AWS.
set -euo pipefail

readonly user=tintype
readonly program=/usr/local/bin/tintype
readonly lib=/usr/local/lib/tintype
readonly goes_back=$lib/goes-back # there while --roll-back is under way
readonly state=/var/lib/tintype
readonly settings=/etc/tintype
readonly systemd=/etc/systemd/system

# What it did not finish is not to fill a disk.
trap 'rm -f -- "$program.new" "$lib/tintype.previous.new"' EXIT

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary='' units=$here/single image='' domain='' packages=1 start=1 back=0

die() {
	echo "provision.sh: $*" >&2
	exit 1
}
say() { echo "provision: $*"; }

while (($#)); do
	case $1 in
	--binary | --units | --image | --domain)
		(($# >= 2)) || die "$1 needs a value"
		case $1 in
		--domain) domain=$2 ;;
		--binary) binary=$2 ;;
		--units) units=$2 ;;
		--image) image=$2 start=0 ;;
		esac
		shift 2
		;;
	--no-packages) packages=0 && shift ;;
	--no-start) start=0 && shift ;;
	--roll-back) back=1 && shift ;;
	*) die "$1 is no option; the head of $0 lists them" ;;
	esac
done

# same FROM TO: whether both hold the same.
same() { cmp -s -- "$1" "$2"; }

# runs FILE: whether the site is up and FILE is its program.
runs() {
	local pid
	pid=$(systemctl show -P MainPID tintype.service) && [[ ${pid:-0} != 0 ]] && same "/proc/$pid/exe" "$1"
}

# exchange: the program before for this one, and this one for that.
exchange() {
	install -m 0755 -o root -g root "$lib/tintype.previous" "$program.new"
	install -m 0755 -o root -g root "$program" "$lib/tintype.previous.new"
	mv -f -- "$program.new" "$program"
	mv -f -- "$lib/tintype.previous.new" "$lib/tintype.previous"
}

((EUID == 0)) || die "has to run as root"
if ((back)); then
	[[ -x $lib/tintype.previous ]] || die "there is no program before this one: $lib/tintype.previous"
	if [[ -e $goes_back ]] && ((start)) && runs "$lib/tintype.previous" && ! same "$lib/tintype.previous" "$program"; then
		say "the programs are exchanged already, by a run that was interrupted"
	else
		touch "$goes_back"
		exchange
	fi
	if ((start)) && ! systemctl restart tintype.service; then
		failed=$("$program" version)
		exchange
		rm -f -- "$goes_back"
		systemctl restart tintype.service || die "neither $failed nor $("$program" version) starts: journalctl -u tintype says why"
		die "$failed does not start (journalctl -u tintype says why): $("$program" version) runs again"
	fi
	rm -f -- "$goes_back"
	say "back at $("$program" version)"
	exit 0
fi
[[ -n $binary ]] || die "--binary is missing: go build -o tintype . makes it"
[[ -f $binary ]] || die "there is no file $binary"
[[ $binary == */* ]] || binary=./$binary # a name alone would be looked for in the PATH
[[ -f $units/tintype.service ]] || die "there is no $units/tintype.service; --units says where the units are"
[[ -z $image || -f $image/boot ]] || die "$image does not look like deploy/ami/files"
"$binary" version >/dev/null || die "$binary does not run here: is it built for $(uname -m)?"
if [[ -n $domain ]]; then
	# What the program would refuse at its start must not get into the settings.
	env -i TLS_DOMAINS="$domain" "$binary" config >/dev/null || die "--domain $domain is none that the site could have"
fi

# put MODE OWNER FROM TO: whole or not at all, and not again where it is there.
put() {
	if ! same "$3" "$4"; then
		install -D -m "$1" -- "$3" "$4.new"
		mv -f -- "$4.new" "$4"
		say "$4"
	fi
	chmod "$1" -- "$4"
	chown "$2" -- "$4"
}

# write MODE OWNER TO: the same, from standard input.
write() {
	local text
	text=$(mktemp)
	cat >"$text"
	put "$1" "$2" "$text" "$3"
	rm -f -- "$text"
}

install_debian() {
	local wanted=(ca-certificates unattended-upgrades)
	[[ -z $image ]] || die "images are made from Amazon Linux 2023, which has AWS's agents in its own repository"
	local missing=()
	for name in "${wanted[@]}"; do
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$name")
	done
	if ((${#missing[@]})); then
		apt-get -qq -o Acquire::Retries=5 update
		DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}" >/dev/null
		say "installed ${missing[*]}"
	fi
}

install_amazon() {
	local wanted=(ca-certificates diffutils dnf-automatic findutils)
	[[ -z $image ]] || wanted+=(amazon-cloudwatch-agent amazon-ssm-agent awscli-2 jq logrotate openssl)
	dnf -q -y install "${wanted[@]}"
}

# Security updates by themselves. None restarts the machine: a group gets new
# machines by a new image, and on a single one its owner decides when.
update_debian() {
	write 0644 root:root /etc/apt/apt.conf.d/52tintype <<-'END'
		APT::Periodic::Update-Package-Lists "1";
		APT::Periodic::Unattended-Upgrade "1";
		Unattended-Upgrade::Automatic-Reboot "false";
	END
}

update_amazon() {
	# Without it, a machine stays at the release that its image was made of.
	echo latest | write 0644 root:root /etc/dnf/vars/releasever
	write 0644 root:root /etc/dnf/automatic.conf <<-'END'
		[commands]
		upgrade_type = security
		download_updates = yes
		apply_updates = yes
		random_sleep = 3600
		[emitters]
		emit_via = stdio
	END
	systemctl enable dnf-automatic.timer
}

# shellcheck source=/dev/null
system=$(. /etc/os-release && echo "$ID ${ID_LIKE:-}")
case " $system " in
*" debian "*) kind=debian ;;
*" amzn "*) kind=amazon ;;
*) die "this is ${system% }, which it does not know: Debian and Amazon Linux 2023 are" ;;
esac

if ((packages)); then
	"install_$kind"
fi
"update_$kind"

if ! getent passwd "$user" >/dev/null; then
	useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
	say "user $user"
fi

install -d -m 0755 -o root -g root "$lib"
install -d -m 0750 -o root -g "$user" "$settings"
install -d -m 0700 -o "$user" -g "$user" "$state"

set_here() { grep -qE "^($1)=." "$settings/tintype.env" 2>/dev/null; }

# Before an upgrade of a site that has anything, by the program of before.
if ((start)) && [[ -e $program ]] && ! same "$binary" "$program" && set_here BACKUP_TO && [[ -e $systemd/tintype-backup.service ]] &&
	{ [[ -e $state/tintype.db ]] || systemctl -q is-active tintype.service; }; then
	say "a backup first"
	systemctl start tintype-backup.service || die "the backup before the upgrade failed, and nothing was changed: journalctl -u tintype-backup says why; without BACKUP_TO none is made"
fi

changed=0 upgraded=0
if ! same "$binary" "$program"; then
	changed=1
	rm -f -- "$goes_back"
	# First, for FILE may be the program before, and there may be no room.
	install -m 0755 -o root -g root "$binary" "$program.new"
	if [[ -e $program ]]; then
		put 0755 root:root "$program" "$lib/tintype.previous"
		upgraded=1
	fi
	mv -f -- "$program.new" "$program"
	say "$program"
fi
chmod 0755 -- "$program"
chown root:root -- "$program"

own=("$units"/tintype*.service "$units"/tintype*.socket "$units"/tintype*.timer)
# In a group there is nothing on the machine to look after: the site alone.
[[ -z $image ]] || own=("$units/tintype.service" "$units/tintype.socket")
for unit in "${own[@]}"; do
	[[ -e $unit ]] || continue
	same "$unit" "$systemd/${unit##*/}" || changed=1
	put 0644 root:root "$unit" "$systemd/${unit##*/}"
done
# A first one only: from then on it is its owner's. An image has none.
if [[ -z $image && -e $units/tintype.env && ! -e $settings/tintype.env ]]; then
	put 0640 "root:$user" "$units/tintype.env" "$settings/tintype.env"
fi
if [[ -n $domain ]] && set_here TLS_DOMAINS; then
	say "TLS_DOMAINS stands in $settings/tintype.env already; --domain changes nothing"
elif [[ -n $domain ]]; then
	printf '\nTLS_DOMAINS=%s\n' "$domain" >>"$settings/tintype.env"
	say "TLS_DOMAINS=$domain in $settings/tintype.env"
fi

if [[ -n $image ]]; then
	put 0755 root:root "$image/boot" "$lib/boot"
	put 0755 root:root "$image/lifecycle" "$lib/lifecycle"
	put 0755 root:root "$image/secrets" "$lib/secrets"
	put 0755 root:root "$image/tintype-command" /usr/local/bin/tintype-command
	put 0644 root:root "$image/agent.json" "$lib/agent.json"
	put 0644 root:root "$image/prometheus.yaml" "$lib/prometheus.yaml"
	put 0644 root:root "$image/tintype-boot.service" "$systemd/tintype-boot.service"
	put 0644 root:root "$image/tintype-lifecycle.service" "$systemd/tintype-lifecycle.service"
	put 0644 root:root "$image/service.conf" "$systemd/tintype.service.d/image.conf"
	if [[ -e $systemd/tintype.socket ]]; then
		put 0644 root:root "$image/socket.conf" "$systemd/tintype.socket.d/image.conf"
	fi
	put 0644 root:root "$image/logrotate" /etc/logrotate.d/tintype
	install -d -m 0755 -o root -g root /var/log/tintype
	# Here already, because systemd would make it for root alone, and the CloudWatch agent reads it.
	touch /var/log/tintype/tintype.log
	chown root:cwagent /var/log/tintype/tintype.log
	chmod 0640 /var/log/tintype/tintype.log
	write 0644 root:root "$systemd/logrotate.timer.d/hourly.conf" <<-'END'
		[Timer]
		OnCalendar=
		OnCalendar=hourly
		RandomizedDelaySec=0
	END
	# The authority of Aurora's certificates, which no system knows by itself.
	curl -fsS --retry 5 --max-time 60 https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem |
		write 0644 root:root "$lib/rds.pem"
	grep -q 'BEGIN CERTIFICATE' "$lib/rds.pem" || die "what came as the authority of Aurora's certificates is none"
	systemctl enable amazon-ssm-agent logrotate.timer tintype-boot.service tintype-lifecycle.service
	# Commands come by SSM.
	systemctl disable sshd.service sshd.socket 2>/dev/null || true
	systemctl mask sshd.service
fi

enabled=()
for unit in "$systemd"/tintype.socket "$systemd"/tintype.service "$systemd"/tintype-*.timer; do
	[[ -e $unit ]] && grep -q '^\[Install\]' "$unit" && enabled+=("${unit##*/}")
done
# Nobody answers there without TLS_DOMAINS.
if set_here TLS_DOMAINS; then
	enabled+=(tintype-https.socket)
elif systemctl -q is-enabled tintype-https.socket 2>/dev/null; then
	systemctl disable tintype-https.socket
	((start == 0)) || systemctl stop tintype-https.socket
fi
((${#enabled[@]} == 0)) || systemctl enable "${enabled[@]}"

if ((start)) && ! set_here 'TLS_DOMAINS|BASE_URL|SETTINGS'; then
	say "set TLS_DOMAINS (or BASE_URL, behind a proxy) in $settings/tintype.env, then run this again"
elif ((start)); then
	# What an interrupted run brought and did not start.
	[[ $(systemctl show -P NeedDaemonReload tintype.service) != yes ]] || changed=1
	runs "$program" || changed=1
	! runs "$lib/tintype.previous" || same "$lib/tintype.previous" "$program" || upgraded=1
	systemctl daemon-reload
	sockets=() closed=0
	for unit in "${enabled[@]}"; do
		case $unit in
		*.timer) systemctl start "$unit" ;;
		*.socket)
			sockets=("$unit" "${sockets[@]}") # https first: it brings the other one
			systemctl -q is-active "$unit" || closed=1
			;;
		esac
	done
	# systemd opens a new socket only while the service does not run, and whoever
	# connects to the other socket starts the service: both are closed, and opened
	# at once.
	if ((closed)); then
		systemctl stop "${sockets[@]}" tintype.service
		systemctl start "${sockets[@]}"
	fi
	if ((changed == 0)); then
		systemctl start tintype.service
	elif ! systemctl restart tintype.service; then
		failed=$("$program" version)
		((upgraded)) || die "$failed does not start: journalctl -u tintype says why"
		exchange
		if ! systemctl restart tintype.service; then
			was=$("$program" version)
			exchange # the schema may be the new one's by now
			systemctl restart --no-block tintype.service
			die "neither $failed nor $was starts: journalctl -u tintype says why"
		fi
		put 0755 root:root "$program" "$lib/tintype.previous"
		die "$failed does not start (journalctl -u tintype says why): $("$program" version) runs again"
	fi
	say "running: $("$program" version)"
else
	say "ready, and not started: $("$program" version)"
fi

# Last, for the machine that makes an image is still reached by them.
if [[ -n $image ]]; then
	find /root /home -path '*/.ssh/authorized_keys' -delete
	rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed
	command -v cloud-init >/dev/null && cloud-init clean --logs --seed
	truncate -s 0 /etc/machine-id
	find /var/log -type f -exec truncate -s 0 {} +
	say "no keys, no logs, no identity"
fi
