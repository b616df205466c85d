#!/usr/bin/env bash
# A whole release of a group, or one step of it.
#
#   deploy/asg/release.sh [--dry-run] [--yes] STEP…
#
#   build        the program for arm64 and amd64, and what the image is made of, into dist/
#   image        an image of it (Packer), which stands in image.next until it is released
#   migrate      the schema, once, on an instance of that image: the release that runs keeps working on it
#   assets       scripts and styles into their bucket, before the first page that asks for them
#   refresh      terraform apply (says what will change, and asks), then every group's instances, one by one
#   watch        follow that; a group goes back by itself where an alarm rings, and this fails then
#   rollback     back to the image before, by the same way but without its alarms, and follow that
#   all          build image migrate assets refresh watch, and rollback where watch fails
#
#   secrets      after the first apply, and after one that adds a second database: users and keys, made at AWS and shown
#                nowhere
#   command …    one of tintype's commands with the site's settings, such as: command account promote ada
#
# --dry-run says what would be done and does nothing. --yes asks nothing. --dirty builds what is not committed, too.
# ARCH=arm64 (the default) or amd64 is what the group's instances are; TERRAFORM=tofu takes OpenTofu. It needs go,
# packer, terraform, aws (with rights) and jq. Any step may be interrupted, and run again. Settings that terraform apply
# changed reach instances by: refresh watch.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
terraform=${TERRAFORM:-terraform}
arch=${ARCH:-arm64}
dist=$root/dist
chosen=$here/image.auto.tfvars # the image that Terraform knows
next=$here/image.next          # the one that is to be released
before=$here/image.before      # the one that a roll back leads to
lock=$here/release.lock
patience=${PATIENCE:-1800} # seconds for a command, and for each step of a refresh
pause=${PAUSE:-10}         # between two looks
export AWS_PAGER=          # which would show an answer and wait

dry='' yes='' dirty='' held=''
instance='' instance_image='' # for commands, once there is one
names=() fleet='[]'           # the groups, and what Terraform says of them

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

# groups: the Auto Scaling groups' names, and of each what its instances should be and how they are replaced.
groups() {
	names=("<group>")
	[[ -z $dry ]] || return 0
	fleet=$("$terraform" -chdir="$here" output -json groups) || die "there is no output groups: has terraform apply been run in $here?"
	mapfile -t names < <(jq -r '.[].group' <<<"$fleet")
	((${#names[@]})) || die "the output groups names none: run terraform apply in $here"
}
# of GROUP FILTER: what Terraform says of a group.
of() {
	if [[ -n $dry ]]; then
		echo "<$2>"
	else
		jq -rc --arg group "$1" ".[] | select(.group == \$group) | $2" <<<"$fleet"
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

# note FILE IMAGE: at once or not at all.
note() {
	printf 'ami_id = "%s"\n' "$2" >"$1.new"
	mv -f "$1.new" "$1"
}

# hold: one release at a time from this folder. Two from two machines meet at Terraform's lock and at the schema's.
hold() {
	[[ -z $dry ]] || return 0
	local other=''
	if ! (set -o noclobber && echo $$ >"$lock") 2>/dev/null; then
		other=$(cat "$lock")
		if [[ $other =~ ^[0-9]+$ ]] && kill -0 "$other" 2>/dev/null; then
			die "another release.sh is at work here, process $other: wait for it, or stop it (any step can be run again); if that is no release.sh, remove $lock"
		fi
		echo $$ >"$lock"
	fi
	held=1
}

finish() {
	if [[ -n $instance && -z $dry ]]; then
		amazon ec2 terminate-instances --instance-ids "$instance" >/dev/null ||
			echo "release.sh: $instance could not be ended; it ends by itself in some hours" >&2
		instance=''
	fi
}
leave() {
	finish
	[[ -z $held ]] || rm -f "$lock"
}
trap leave EXIT

build() {
	step "build: the program for arm64 and amd64, and what the image is made of, into $dist"
	needs go git
	local goarch changed
	# Not from an archive, which has no history.
	changed=$(git -C "$root" status --porcelain 2>/dev/null || true)
	if [[ -n $changed && -z $dirty ]]; then
		echo "$changed" >&2
		[[ -n $dry ]] || die "this is not committed: a release should be what its version says. --dirty builds it all the same"
	fi
	run rm -rf "$dist"
	run mkdir -p "$dist"
	for goarch in arm64 amd64; do
		run env CGO_ENABLED=0 GOOS=linux GOARCH="$goarch" go build -C "$root" -trimpath -ldflags "-s -w" -o "$dist/tintype-$goarch" .
	done
	run cp -R "$root/deploy/provision.sh" "$root/deploy/single" "$root/deploy/ami/files" "$dist/"
	# Last: with it, the folder is whole.
	[[ -n $dry ]] || version >"$dist/version"
}

# version: of what is built, in letters that an image's name may have.
version() {
	local v
	v=$(git -C "$root" describe --tags --always --dirty 2>/dev/null) || v=$(date -u +%Y%m%d%H%M%S)
	echo "${v//[^A-Za-z0-9._-]/-}"
}

image() {
	local version="<version>"
	if [[ -z $dry ]]; then
		[[ -f $dist/version && -f $dist/tintype-$arch ]] || die "$dist is not there, or not whole: run the step build"
		version=$(<"$dist/version")
	fi
	step "image: of $version, for $arch"
	needs packer jq aws
	in_region
	run rm -f "$dist/manifest.json"
	run packer init "$root/deploy/ami"
	run packer build -only="*.$arch" -var "region=$region" -var "version=$version" -var "bundle=$dist" "$root/deploy/ami"
	local ami="<ami>"
	if [[ -z $dry ]]; then
		ami=$(jq -r '.last_run_uuid as $run | [.builds[] | select(.packer_run_uuid == $run)][0].artifact_id // "" | split(":")[1] // ""' "$dist/manifest.json")
		[[ $ami == ami-* ]] || die "Packer's manifest names no image"
	fi
	run amazon ec2 modify-image-attribute --image-id "$ami" --imds-support v2.0
	if [[ -z $dry ]]; then
		note "$next" "$ami"
		[[ -f $chosen ]] || note "$chosen" "$ami" # the very first, for the first apply
	fi
	echo "the next image is $ami ($next)" >&2
}

# pending: where the image stands that the next release is of.
pending() { if [[ -f $next ]]; then echo "$next"; else echo "$chosen"; fi; }

# ready FILE: an instance for commands, of the image that stands there; it ends with this script.
ready() {
	local template subnet ami="<ami>" end
	if [[ -z $dry ]]; then
		[[ -f $1 ]] || die "$1 is not there: run the step image"
		ami=$(image_in "$1")
		[[ -n $ami ]] || die "$1 names no image"
	fi
	[[ -z $instance || $instance_image != "$ami" ]] || return 0
	finish
	needs aws jq "$terraform"
	in_region
	template=$(out ops_launch_template)
	subnet=$(out ops_subnet)
	instance_image=$ami
	echo "starting an instance for commands, of $ami" >&2
	if [[ -n $dry ]]; then
		run amazon ec2 run-instances --launch-template "LaunchTemplateId=$template" --image-id "$ami" --subnet-id "$subnet"
		instance="<instance>"
		return
	fi
	instance=$(amazon ec2 run-instances --launch-template "LaunchTemplateId=$template,Version=\$Default" --image-id "$ami" --subnet-id "$subnet" \
		--instance-initiated-shutdown-behavior terminate --query 'Instances[0].InstanceId')
	[[ $instance == i-* ]] || die "no instance was started"
	end=$((SECONDS + patience))
	until [[ $(amazon ssm describe-instance-information --filters "Key=InstanceIds,Values=$instance" --query 'InstanceInformationList[0].PingStatus') == Online ]]; do
		((SECONDS < end)) || die "$instance cannot be reached by SSM after $patience s: has it a way to the internet, and does the image have the agent?"
		sleep "$pause"
	done
}

# remote FILE WORD…: a command on such an instance; its output, and its status.
remote() {
	local line what id status end file=$1
	shift
	printf -v line '%q ' "$@"
	ready "$file"
	if [[ -n $dry ]]; then
		run amazon ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --parameters "commands=$line"
		return
	fi
	# The first is for a script that is killed before it can end the instance.
	what=$(jq -cn --arg line "$line" --arg most "$patience" --arg last "$((8 * patience))" '{executionTimeout: [$most], commands: [
		"systemd-run --quiet --unit=tintype-end --on-active=\($last) systemctl poweroff 2>/dev/null || true",
		"set -eu", "systemctl start tintype-boot.service", $line]}')
	id=$(amazon ssm send-command --instance-ids "$instance" --document-name AWS-RunShellScript --parameters "$what" \
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
	remote "$(pending)" /usr/local/bin/tintype-command migrate up
	if [[ -z $dry && -f $next ]] && ! grep -qx '# migrated' "$next"; then
		echo '# migrated' >>"$next"
	fi
}

assets() {
	local bucket
	bucket=$(out assets_bucket)
	if [[ -z $bucket ]]; then
		step "assets: nothing to do below rung 4, the site serves its own"
		return
	fi
	step "assets: scripts and styles into $bucket"
	remote "$(pending)" /usr/local/bin/tintype-command assets upload "s3://$bucket"
}

# running: the image that the first group stands on. A refresh moves it there once it has succeeded.
running() {
	local template
	read -r -a template < <(amazon autoscaling describe-auto-scaling-groups --auto-scaling-group-names "${names[0]}" \
		--query 'AutoScalingGroups[0].LaunchTemplate.[LaunchTemplateId,Version]') || true
	((${#template[@]} == 2)) || die "AWS does not say which template ${names[0]} stands on"
	amazon ec2 describe-launch-template-versions --launch-template-id "${template[0]}" --versions "${template[1]}" \
		--query 'LaunchTemplateVersions[0].LaunchTemplateData.ImageId'
}

apply() {
	if [[ -n $yes ]]; then
		run "$terraform" -chdir="$here" apply -input=false -auto-approve
	else
		run "$terraform" -chdir="$here" apply -input=false
	fi
}

# version_of GROUP: of the template, to which its last refresh leads.
version_of() {
	amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$1" --max-records 1 \
		--query 'InstanceRefreshes[0].DesiredConfiguration.LaunchTemplate.Version'
}

# begin [FILTER]: to refresh every group, as Terraform says, or with preferences that FILTER makes of that.
begin() {
	local group desired preferences wish problem
	groups
	for group in "${names[@]}"; do
		desired=$(of "$group" .desired)
		preferences=$(of "$group" ".preferences${1:-}")
		wish=(autoscaling start-instance-refresh --auto-scaling-group-name "$group" --strategy Rolling
			--desired-configuration "$desired" --preferences "$preferences")
		if [[ -n $dry ]]; then
			run amazon "${wish[@]}"
		elif problem=$(amazon "${wish[@]}" 2>&1); then
			echo "$group: begins" >&2
		elif [[ $problem == *InstanceRefreshInProgress* && $(version_of "$group") == "$(of "$group" .desired.LaunchTemplate.Version)" ]]; then
			echo "$group: has begun already" >&2
		else
			die "$group is not refreshed: $problem
What has begun goes on: watch it, and refresh again, or roll back"
		fi
	done
}

refresh() {
	step "refresh: the group's instances, one by one"
	needs "$terraform" aws jq
	in_region
	if [[ -z $dry ]]; then
		[[ -f $chosen ]] || die "$chosen is not there: run the step image"
		if [[ -f $next ]]; then
			local ami now
			ami=$(image_in "$next")
			[[ -n $ami ]] || die "$next names no image"
			grep -qx '# migrated' "$next" || die "the schema has not been migrated for $ami: run the steps migrate and assets, or remove $next"
			# A roll back leads to what runs, and not to an image that never did.
			groups
			now=$(running)
			[[ $now == ami-* ]] || die "AWS does not say of which image ${names[0]} is"
			[[ $now == "$ami" ]] || note "$before" "$now"
			note "$chosen" "$ami"
			rm -f "$next"
		fi
	fi
	apply
	begin
}

watch() {
	step "watch: until every instance is of the new image, or all are of the old one again"
	needs aws jq "$terraform"
	in_region
	local group answer status percent version want why said end failed=''
	((${#names[@]})) || groups
	for group in "${names[@]}"; do
		if [[ -n $dry ]]; then
			run amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group"
			continue
		fi
		want=$(of "$group" .desired.LaunchTemplate.Version)
		said='' end=$((SECONDS + patience))
		while :; do
			# A question that fails is asked again.
			answer=$(amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group" --max-records 1 \
				--query 'InstanceRefreshes[0].[Status,PercentageComplete,DesiredConfiguration.LaunchTemplate.Version,StatusReason]') || answer="no answer"
			status='' percent='' version='' why=''
			read -r status percent version why <<<"$answer" || true
			if [[ "$status $percent" != "$said" ]]; then
				said="$status $percent"
				end=$((SECONDS + patience))
				echo "$group: $status ${percent/None/0} % ${why/#None/}" >&2
			fi
			case $status in
			Successful | None)
				# The last one may have been another; and a group that is new stands where it should without any.
				[[ $version == "$want" ]] || version=$(amazon autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$group" \
					--query 'AutoScalingGroups[0].LaunchTemplate.Version') || version=unknown
				if [[ $version != "$want" ]]; then
					echo "$group stands on version $version of its template, and Terraform's is $want: release.sh refresh" >&2
					failed+=" $group"
				fi
				break
				;;
			Failed | Cancelled | RollbackFailed | RollbackSuccessful)
				failed+=" $group"
				break
				;;
			esac
			if ((SECONDS >= end)); then
				echo "$group: nothing has changed for $patience s" >&2
				failed+=" $group"
				break
			fi
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
	local group now old
	groups
	for group in "${names[@]}"; do
		# Where one is under way, the group knows best how to take it back. Elsewhere there is none, which is an error.
		run amazon autoscaling rollback-instance-refresh --auto-scaling-group-name "$group" || true
	done
	if [[ -z $dry ]]; then
		[[ -f $chosen ]] || die "$chosen is not there: nothing was released from here"
		settled
		# A release that did not come through left the group where it was; from one that did, the way back was noted.
		now=$(running)
		[[ $now == ami-* ]] || die "AWS does not say of which image ${names[0]} is"
		old=$now
		if [[ $now == "$(image_in "$chosen")" ]]; then
			[[ -f $before ]] || die "$before is not there: no image came before this one"
			old=$(image_in "$before")
		fi
		note "$chosen" "$old"
		echo "the image is $old again" >&2
	fi
	apply
	# The alarms that speak against the release would keep this one from beginning.
	begin ' | del(.AlarmSpecification, .BakeTime) | .AutoRollback = false'
	watch || die "the way back has not come through: look at the groups' instances, then rollback again"
}

# settled: no refresh is under way; another could not begin.
settled() {
	local group status end=$((SECONDS + 2 * patience))
	for group in "${names[@]}"; do
		while :; do
			status=$(amazon autoscaling describe-instance-refreshes --auto-scaling-group-name "$group" --max-records 1 --query 'InstanceRefreshes[0].Status') || status=unknown
			case $status in
			Pending | InProgress | Cancelling | RollbackInProgress | Baking | unknown) ;;
			*) break ;;
			esac
			((SECONDS < end)) || die "$group is still being refreshed"
			sleep "$pause"
		done
	done
}

secrets() {
	step "secrets: those that are missing, made on an instance"
	local lines=("<app>	<owner>	<master>	<writer>	<reader>	<schema>	<keys>") line words
	if [[ -z $dry ]]; then
		needs "$terraform" jq
		mapfile -t lines < <("$terraform" -chdir="$here" output -json databases | jq -r '.[] | [.app, .owner, .master, .writer, .reader, .schema, .keys] | @tsv')
		((${#lines[@]})) || die "there is no output databases: has terraform apply been run in $here?"
	fi
	for line in "${lines[@]}"; do
		IFS=$'\t' read -ra words <<<"$line"
		remote "$chosen" /usr/local/lib/tintype/secrets "${words[@]}"
	done
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
		yes=1 # who agreed to the release does not have to be there for its end
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
	--dirty) dirty=1 ;;
	build | image | migrate | assets | refresh | watch | rollback | secrets | all) steps+=("$1") ;;
	command)
		shift
		(($#)) || die "command needs one of tintype's commands"
		[[ ${#steps[@]} -eq 0 ]] || die "command stands alone"
		step "command: tintype $*"
		remote "$chosen" /usr/local/bin/tintype-command "$@"
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

[[ ${steps[*]} == watch ]] || hold
for name in "${steps[@]}"; do
	"$name"
done
