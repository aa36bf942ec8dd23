/* The machine: clock, zone, memory, cores, disks, keys, permissions. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "control/cli/doctor.h"
#include "control/wire/tls.h"

enum {
	DAY_S = 86400,
	KEY_DAYS = 14,	     /* a certificate that ends within is told */
	DISK_BAD_MB = 64,    /* free space under which nothing is stored soon */
	DISK_NOTE_SHARE = 10 /* percent free */
};

void doctor_clock(struct doctor *d)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	if (state == TIME_ERROR || t.status & STA_UNSYNC)
		doctor_find(d, DOCTOR_NOTE, "clock", "kernel",
			    WORDS("no time server disciplines this machine's clock",
				  "時刻がタイムサーバーと同期していません",
				  "systemctl enable --now systemd-timesyncd, or chrony; "
				  "certificates and time lines need it",
				  "systemd-timesyncd か chrony "
				  "を有効にしてください（証明書と時系列に必要です）"));
	else
		doctor_find(d, DOCTOR_OK, "clock", "kernel",
			    WORDS("is disciplined, at most %ld ms off",
				  "同期しています（誤差 %ld ms 以内）", "", ""),
			    (long)(t.maxerror / 1000));
}

void doctor_zone(struct doctor *d)
{
	char zone[128] = "", target[256] = "";
	ssize_t n = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *of_machine = n > 0 && strstr(target, "zoneinfo/")
					 ? strstr(target, "zoneinfo/") + strlen("zoneinfo/")
					 : "UTC";
	char path[512];

	doctor_key(d, "centre", "zone", zone, sizeof(zone));
	if (!zone[0])
		doctor_key(d, "mitigator", "time-zone", zone, sizeof(zone));
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	if (zone[0] && access(path, R_OK) != 0)
		doctor_find(d, DOCTOR_BAD, "time zone", path,
			    WORDS("the zone %s of the configuration is not installed",
				  "設定のタイムゾーン %s がありません",
				  "apt-get install tzdata, or correct it",
				  "tzdata を導入するか、設定を直してください"),
			    zone);
	else if (zone[0] && strcmp(zone, of_machine) != 0)
		doctor_find(d, DOCTOR_NOTE, "time zone", "/etc/localtime",
			    WORDS("reports are in %s, this machine's logs in %s",
				  "レポートは %s、この機械のログは %s です",
				  "timedatectl set-timezone, if they should agree",
				  "一致させる場合は timedatectl set-timezone"),
			    zone, of_machine);
	else
		doctor_find(d, DOCTOR_OK, "time zone", "/etc/localtime", WORDS("%s", "%s", "", ""),
			    of_machine);
}

/* A number behind `name` in /proc/meminfo; -1 when it is not there. */
static long memory_line(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return value;
}

void doctor_memory(struct doctor *d)
{
	long total = memory_line("HugePages_Total"), available = memory_line("MemAvailable");
	char path[512];

	if (doctor_has(d, "dataplane", path, sizeof(path)) && total <= 0)
		doctor_find(d, DOCTOR_NOTE, "memory", "/proc/sys/vm/nr_hugepages",
			    WORDS("no huge pages are reserved: packets cost more",
				  "ヒュージページがありません（パケット処理が重くなります）",
				  "sysctl -w vm.nr_hugepages=160, and in /etc/sysctl.d",
				  "sysctl -w vm.nr_hugepages=160 とし、/etc/sysctl.d "
				  "にも書いてください"));
	if (available >= 0 && available < 131072)
		doctor_find(d, DOCTOR_BAD, "memory", "/proc/meminfo",
			    WORDS("%ld MiB are available", "空きメモリーは %ld MiB です",
				  "add memory, or lower worker.memory-mb, flow.max and "
				  "behave.memory-mb",
				  "メモリーを増やすか、worker.memory-mb などを下げてください"),
			    available / 1024);
	else
		doctor_find(d, DOCTOR_OK, "memory", "/proc/meminfo",
			    WORDS("%ld MiB available, %ld huge pages",
				  "空き %ld MiB、ヒュージページ %ld", "", ""),
			    available / 1024, total > 0 ? total : 0);
}

void doctor_cores(struct doctor *d)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN), workers;
	char text[64], path[512], isolated[128] = "";
	FILE *f = fopen("/sys/devices/system/cpu/isolated", "re");

	if (f && !fgets(isolated, sizeof(isolated), f))
		isolated[0] = 0;
	if (f)
		fclose(f);
	isolated[strcspn(isolated, "\n")] = 0;
	if (!doctor_has(d, "dataplane", path, sizeof(path)))
		return;
	doctor_key(d, "dataplane", "worker.count", text, sizeof(text));
	workers = text[0] ? strtol(text, NULL, 10) : 1;
	if (workers > online)
		doctor_find(d, DOCTOR_BAD, "cores", path,
			    WORDS("%ld workers want a core each, there are %ld",
				  "ワーカー %ld に対し、コアは %ld です", "lower worker.count",
				  "worker.count を下げてください"),
			    workers, online);
	else if (!isolated[0] && online > workers + 1)
		doctor_find(
			d, DOCTOR_NOTE, "cores", "/sys/devices/system/cpu/isolated",
			WORDS("%ld workers share their cores with everything else (%ld cores)",
			      "ワーカー %ld は専用コアを持っていません（コア %ld）",
			      "isolcpus= and nohz_full= on the kernel's command line, for more "
			      "than 1 "
			      "Gbit/s",
			      "1 Gbit/s を超える場合は isolcpus= と nohz_full= を指定してください"),
			workers, online);
	else
		doctor_find(d, DOCTOR_OK, "cores", "/sys/devices/system/cpu",
			    WORDS("%ld workers, %ld cores, isolated: %s",
				  "ワーカー %ld、コア %ld、専用: %s", "", ""),
			    workers, online, isolated[0] ? isolated : "-");
}

static void look_at_disk(struct doctor *d, const char *folder)
{
	struct statvfs s;
	unsigned long long free_mb, all_mb;

	if (statvfs(folder, &s) < 0) {
		doctor_find(d, DOCTOR_BAD, "disk", folder,
			    WORDS("%s", "%s", "make the folder: systemd-tmpfiles --create",
				  "フォルダーを作ってください: systemd-tmpfiles --create"),
			    strerror(errno));
		return;
	}
	free_mb = (unsigned long long)s.f_bavail * s.f_frsize >> 20;
	all_mb = (unsigned long long)s.f_blocks * s.f_frsize >> 20;
	if (s.f_flag & ST_RDONLY)
		doctor_find(d, DOCTOR_BAD, "disk", folder,
			    WORDS("is read-only: nothing is stored",
				  "読み取り専用で、保存できません",
				  "dmesg says why; mount it again for writing",
				  "dmesg で原因を調べ、書き込み可で再マウントしてください"));
	else if (free_mb < DISK_BAD_MB)
		doctor_find(
			d, DOCTOR_BAD, "disk", folder,
			WORDS("%llu of %llu MiB are free: old records go to make room for alerts",
			      "空きは %llu / %llu MiB で、古い記録から消えます",
			      "make room, or lower search.max-mb and spool.max-mb",
			      "空きを作るか、search.max-mb と spool.max-mb を下げてください"),
			free_mb, all_mb);
	else if (all_mb && free_mb * 100 / all_mb < DISK_NOTE_SHARE)
		doctor_find(d, DOCTOR_NOTE, "disk", folder,
			    WORDS("%llu of %llu MiB are free", "空きは %llu / %llu MiB です",
				  "make room before it is full",
				  "満杯になる前に空きを作ってください"),
			    free_mb, all_mb);
	else
		doctor_find(
			d, DOCTOR_OK, "disk", folder,
			WORDS("%llu of %llu MiB are free", "空きは %llu / %llu MiB です", "", ""),
			free_mb, all_mb);
}

void doctor_disks(struct doctor *d)
{
	for (size_t i = 0; doctor_programs[i]; i++) {
		char folder[512];

		doctor_key(d, doctor_programs[i], "state-folder", folder, sizeof(folder));
		if (folder[0])
			look_at_disk(d, folder);
	}
}

/* --- keys --- */

static void look_at_expiry(struct doctor *d, const char *folder, int64_t end)
{
	long left = (long)((end - (int64_t)time(NULL)) / DAY_S);

	if (left < KEY_DAYS)
		doctor_find(d, left < 2 ? DOCTOR_BAD : DOCTOR_NOTE, "keys", folder,
			    WORDS("the certificate ends in %ld days",
				  "証明書の期限まであと %ld 日です",
				  "banken keys issue a new one, or let the centre renew it",
				  "banken keys issue で更新するか、センターに更新させてください"),
			    left);
	else
		doctor_find(d, DOCTOR_OK, "keys", folder,
			    WORDS("the certificate is in force for %ld days more",
				  "証明書はあと %ld 日有効です", "", ""),
			    left);
}

static void look_at_keys(struct doctor *d, const char *folder, enum wire_role role)
{
	struct errmsg e = {""};
	struct tls_keys *k;
	struct stat st;
	char path[600];

	snprintf(path, sizeof(path), "%s/own.key", folder);
	if (stat(path, &st) == 0 && st.st_mode & 077)
		doctor_find(d, DOCTOR_BAD, "keys", path,
			    WORDS("others may read the private key (mode %o)",
				  "秘密鍵を他のユーザーが読めます（モード %o）",
				  "chmod 600; if others had accounts here, issue a new one",
				  "chmod 600 とし、他の利用者がいた場合は再発行してください"),
			    st.st_mode & 0777u);
	k = tls_keys_load(folder, role, &e);
	if (!k) {
		doctor_find(
			d, DOCTOR_BAD, "keys", folder,
			WORDS("%s", "%s",
			      "banken keys issue, or enrol at the centre again; as root",
			      "banken keys issue かセンターへの再登録を行ってください（root で）"),
			e.text);
		return;
	}
	look_at_expiry(d, folder, tls_keys_expiry(k));
	tls_keys_free(k);
}

void doctor_keys(struct doctor *d)
{
	static const enum wire_role roles[] = {0, ROLE_SENSOR, ROLE_MITIGATOR, ROLE_ENFORCER,
					       ROLE_CENTRE};

	for (size_t i = 1; doctor_programs[i]; i++) {
		char folder[512];

		doctor_key(d, doctor_programs[i], "keys-folder", folder, sizeof(folder));
		if (folder[0])
			look_at_keys(d, folder, roles[i]);
	}
}

/* --- permissions --- */

/* Whoever can write a configuration chooses what runs. */
static unsigned writable_by_others(struct doctor *d, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !(st.st_mode & 002))
		return 0;
	doctor_find(d, DOCTOR_BAD, "files", path,
		    WORDS("everybody may change it (mode %o)", "誰でも変更できます（モード %o）",
			  "chmod o-w", "chmod o-w を実行してください"),
		    st.st_mode & 0777u);
	return 1;
}

void doctor_files(struct doctor *d)
{
	DIR *folder = opendir(d->config_folder);
	unsigned bad = writable_by_others(d, d->config_folder), seen = 0;
	const struct dirent *entry;
	char path[1024];

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", d->config_folder, entry->d_name);
		bad += writable_by_others(d, path);
		seen++;
	}
	if (folder)
		closedir(folder);
	bad += writable_by_others(d, d->cli->run_folder);
	if (!bad)
		doctor_find(d, DOCTOR_OK, "files", d->config_folder,
			    WORDS("%u files, none of them everybody's to change",
				  "%u ファイル、権限に問題なし", "", ""),
			    seen);
}
