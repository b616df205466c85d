#!/usr/bin/env bash
# A whole release of a group, or one step of it.
#
#   deploy/asg/release.sh [--dry-run] [--yes] STEP…
#
#   build        the program for arm64 and amd64, and what the image is made of, into dist/
#   image        an image of it (Packer); the group's next one stands in image.auto.tfvars then
#   migrate      the schema, once, on an instance of the new image: the release that runs keeps working on it
#   assets       scripts and styles into their bucket, before the first page that asks for them
#   refresh      the group's instances, one by one, by terraform apply; says what will change, and asks
#   watch        follow that; it goes back by itself where an alarm rings, and this fails then
#   rollback     back to the image before
#   all          build image migrate assets refresh watch, and rollback where watch fails
#
#   secrets      once, after the first apply: database users and keys, made at AWS and shown nowhere
#   command …    one of tintype's commands with the site's settings, such as: command account promote ada
#
# --dry-run says what would be done and does nothing. --yes asks nothing. ARCH=arm64 (the default) or amd64 is what
# the group's instances are; TERRAFORM=tofu takes OpenTofu. It needs go, packer, terraform, aws (with rights) and jq.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
terraform=${TERRAFORM:-terraform}
arch=${ARCH:-arm64}
dist=$root/dist
chosen=$here/image.auto.tfvars
before=$here/image.before
patience=${PATIENCE:-1800} # seconds for what AWS does: a command, a refresh
pause=${PAUSE:-10}         # between two looks

dry='' yes=''
instance='' # for commands, once there is one

die() {
	echo "release.sh: $*" >&2
	exit 1
}
step() { printf '\n== %s\n' "$*" >&2; }

# run does a thing, or says it.
run() {
	if [[ -n $dry ]]; then
		local words=("$@")
		[[ $1 != amazon ]] || words=(aws --region "$region" "${@:2}")
		echo "  would run: ${words[*]}" >&2
	else
		"$@"
	fi
}

needs() {
	[[ -z $dry ]] || return 0
	local tool
	for tool; do
		command -v "$tool" >/dev/null || die "$tool is not installed"
	done
}

# out NAME: one of the group's outputs.
out() {
	local value
	if [[ -n $dry ]]; then
		echo "<$1>"
		return
	fi
	value=$("$terraform" -chdir="$here" output -raw "$1") || die "there is no output $1: has terraform apply been run in $here?"
	echo "$value"
}

groups() {
	if [[ -n $dry ]]; then
		echo "<groups>"
	else
		"$terraform" -chdir="$here" output -json groups | jq -r '.[]'
	fi
}

region=''
amazon() {
	aws --region "$region" --output text "$@"
}
in_region() {
	# Before the first apply there is no output, and an image is needed for it.
	[[ -z $dry ]] && region=$("$terraform" -chdir="$here" output -raw region 2>/dev/null) || region=${AWS_REGION:-}
	[[ -n $region || -z $dry ]] || region="<region>"
	[[ -n $region ]] || die "set AWS_REGION: the group, which would say it, is not there yet"
}

image_in() { sed -nE 's/^ami_id *= *"(ami-[0-9a-f]+)"$/\1/p' "$1"; }

build() {
	step "build: the program for arm64 and amd64, and what the image is made of, into $dist"
	needs go
	local goarch
	run rm -rf "$dist"
	run mkdir -p "$dist"
	for goarch in arm64 amd64; do
		run env CGO_ENABLED=0 GOOS=linux GOARCH="$goarch" go build -C "$root" -trimpath -ldflags "-s -w" -o "$dist/tintype-$goarch" .
	done
	run cp -R "$root/deploy/provision.sh" "$root/deploy/single" "$root/deploy/ami/files" "$dist/"
}

version() { git -C "$root" describe --tags --always --dirty 2>/dev/null || date -u +%Y%m%d%H%M%S; }

image() {
	step "image: of $(version), for $arch"
	needs packer jq aws
	[[ -n $dry || -f $dist/tintype-$arch ]] || die "$dist/tintype-$arch is not there: run the step build"
	in_region
	run rm -f "$dist/manifest.json"
	run packer init "$root/deploy/ami"
	run packer build -only="*.$arch" -var "region=$region" -var "version=$(version)" -var "bundle=$dist" "$root/deploy/ami"
	local ami="<ami>"
	if [[ -z $dry ]]; then
		ami=$(jq -r '.last_run_uuid as $run | [.builds[] | select(.packer_run_uuid == $run)][0].artifact_id // "" | split(":")[1] // ""' "$dist/manifest.json")
		[[ $ami == ami-* ]] || die "Packer's manifest names no image"
	fi
	run amazon ec2 modify-image-attribute --image-id "$ami" --imds-support v2.0
	if [[ -z $dry ]]; then
		[[ ! -f $chosen ]] || cp "$chosen" "$before"
		printf 'ami_id = "%s"\n' "$ami" >"$chosen"
	fi
	echo "the next image is $ami ($chosen)" >&2
}

# ready: an instance for commands, of the image that is chosen; it ends with this script.
ready() {
	[[ -z $instance ]] || return 0
	needs aws jq "$terraform"
	in_region
	local template subnet ami="<ami>" end
	template=$(out ops_launch_template)
	subnet=$(out ops_subnet)
	if [[ -z $dry ]]; then
		[[ -f $chosen ]] || die "$chosen is not there: run the step image"
		ami=$(image_in "$chosen")
		[[ -n $ami ]] || die "$chosen names no image"
	fi
	echo "starting an instance for commands, of $ami" >&2
	if [[ -n $dry ]]; then
		run amazon ec2 run-instances --launch-template "LaunchTemplateId=$template" --image-id "$ami" --subnet-id "$subnet"
		instance="<instance>"
		return
	fi
	trap finish EXIT
	instance=$(amazon ec2 run-instances --launch-template "LaunchTemplateId=$template,Version=\$Default" --image-id "$ami" --subnet-id "$subnet" \
		--instance-initiated-shutdown-behavior terminate --query 'Instances[0].InstanceId')
	[[ $instance == i-* ]] || die "no instance was started"
	end=$((SECONDS + patience))
	until [[ $(amazon ssm describe-instance-information --filters "Key=InstanceIds,Values=$instance" --query 'InstanceInformationList[0].PingStatus') == Online ]]; do
		((SECONDS < end)) || die "$instance cannot be reached by SSM after $patience s: has it a way to the internet, and does the image have the agent?"
		sleep "$pause"
	done
}

finish() {
	if [[ -n $instance && -z $dry ]]; then
		amazon ec2 terminate-instances --instance-ids "$instance" >/dev/null ||
			echo "release.sh: $instance could not be ended: end it by hand" >&2
		instance=''
	fi
}

# remote WORD…: a command on that instance; its output, and its status.
remote() {
	local line id status end
	printf -v line '%q ' "$@"
	ready
	if [[ -n $dry ]]; then
		run amazon ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --parameters "commands=$line"
		return
	fi
	id=$(amazon ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript \
		--parameters "$(jq -cn --arg line "$line" --arg most "$patience" '{commands: ["set -eu", "systemctl start tintype-boot.service", $line], executionTimeout: [$most]}')" \
		--query Command.CommandId)
	end=$((SECONDS + patience + 60))
	while :; do
		status=$(amazon ssm get-command-invocation --command-id "$id" --instance-id "$instance" --query Status 2>/dev/null || echo Pending)
		case $status in
		Pending | InProgress | Delayed) ;;
		*) break ;;
		esac
		((SECONDS < end)) || die "$line did not end within $patience s"
		sleep "$pause"
	done
	amazon ssm get-command-invocation --command-id "$id" --instance-id "$instance" --query StandardOutputContent
	if [[ $status != Success ]]; then
		amazon ssm get-command-invocation --command-id "$id" --instance-id "$instance" --query StandardErrorContent >&2
		die "$line: $status"
	fi
}

migrate() {
	step "migrate: the schema, on an instance of the new image"
	remote /usr/local/bin/tintype-command migrate up
}

assets() {
	local bucket
	bucket=$(out assets_bucket)
	if [[ -z $bucket ]]; then
		step "assets: nothing to do below rung 4, the site serves its own"
		return
	fi
	step "assets: scripts and styles into $bucket"
	remote /usr/local/bin/tintype-command assets upload "s3://$bucket"
}

refresh() {
	step "refresh: the group's instances, one by one"
	needs "$terraform"
	[[ -n $dry || -f $chosen ]] || die "$chosen is not there: run the step image"
	if [[ -n $yes ]]; then
		run "$terraform" -chdir="$here" apply -input=false -auto-approve
	else
		run "$terraform" -chdir="$here" apply -input=false
	fi
}

watch() {
	step "watch: until every instance is of the new image, or all are of the old one again"
	needs aws jq "$terraform"
	in_region
	local group status percent why said end failed=''
	end=$((SECONDS + 4 * patience))
	for group in $(groups); do
		if [[ -n $dry ]]; then
			run amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group"
			continue
		fi
		said=''
		while :; do
			read -r status percent why < <(amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group" --max-records 1 \
				--query 'InstanceRefreshes[0].[Status,PercentageComplete,StatusReason]')
			if [[ "$status $percent" != "$said" ]]; then
				said="$status $percent"
				echo "$group: $status ${percent/None/0} % ${why/#None/}" >&2
			fi
			case $status in
			Successful | None) break ;;
			Failed | Cancelled | RollbackFailed | RollbackSuccessful)
				failed+=" $group"
				break
				;;
			esac
			((SECONDS < end)) || die "$group is still being refreshed; watch again, or roll back"
			sleep "$pause"
		done
	done
	if [[ -n $failed ]]; then
		echo "release.sh: not refreshed:$failed" >&2
		return 1
	fi
}

rollback() {
	step "rollback: to the image before"
	needs aws jq "$terraform"
	in_region
	local group
	for group in $(groups); do
		# Where one is under way, the group knows best how to take it back. Elsewhere there is none, which is an error.
		run amazon autoscaling rollback-instance-refresh --auto-scaling-group-name "$group" || true
	done
	if [[ -z $dry ]]; then
		[[ -f $before ]] || die "$before is not there: no image came before this one"
		cp "$before" "$chosen"
		echo "the image is $(image_in "$chosen") again" >&2
		settled
	fi
	refresh
}

# settled: no refresh is under way; another could not begin.
settled() {
	local group status end=$((SECONDS + 2 * patience))
	for group in $(groups); do
		while :; do
			status=$(amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group" --max-records 1 --query 'InstanceRefreshes[0].Status')
			case $status in
			Pending | InProgress | Cancelling | RollbackInProgress | Baking) ;;
			*) break ;;
			esac
			((SECONDS < end)) || die "$group is still being refreshed"
			sleep "$pause"
		done
	done
}

secrets() {
	step "secrets: those that are missing, made on an instance"
	local words=("<writer>" "<reader>" "<schema>")
	if [[ -z $dry ]]; then
		needs "$terraform" jq
		mapfile -t words < <("$terraform" -chdir="$here" output -json database | jq -r '.writer, .reader, .schema')
		((${#words[@]} == 3)) || die "there is no output database: has terraform apply been run in $here?"
	fi
	remote /usr/local/lib/tintype/secrets "$(out app_secret)" "$(out owner_secret)" "$(out master_secret)" "${words[@]}"
	echo "The key above is for media_signing_public_keys, from rung 4 on." >&2
}

all() {
	build
	image
	migrate
	assets
	finish
	refresh
	if ! watch; then
		echo "release.sh: the release is taken back" >&2
		rollback
		die "the release was taken back; the schema stays as it is, which the image before works on"
	fi
	step "released"
}

steps=()
while (($#)); do
	case $1 in
	--dry-run) dry=1 ;;
	--yes) yes=1 ;;
	build | image | migrate | assets | refresh | watch | rollback | secrets | all) steps+=("$1") ;;
	command)
		shift
		(($#)) || die "command needs one of tintype's commands"
		[[ ${#steps[@]} -eq 0 ]] || die "command stands alone"
		step "command: tintype $*"
		remote /usr/local/bin/tintype-command "$@"
		exit
		;;
	-h | --help)
		sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
		exit
		;;
	*) die "there is no step $1; --help lists them" ;;
	esac
	shift
done
((${#steps[@]})) || die "which step? --help lists them"
case $arch in arm64 | amd64) ;; *) die "ARCH is arm64 or amd64" ;; esac

for name in "${steps[@]}"; do
	"$name"
done
