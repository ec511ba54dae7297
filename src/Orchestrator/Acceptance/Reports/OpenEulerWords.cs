using System.Globalization;

namespace Orchestrator.Acceptance.Reports;

/// <summary>The Chinese words of openEuler's test report.</summary>
internal static class OpenEulerWords
{
    internal const string ToFillIn = "〔待填写〕";

    /// <summary>What follows the year in the head of openEuler's reports.</summary>
    internal const string License =
        "您对“本文档”的复制、使用、修改及分发受知识共享(Creative Commons)署名—相同方式共享4.0国际公共许可协议(以下简称“CC BY-SA 4.0”)的约束。"
        + "为了方便用户理解，您可以通过访问https://creativecommons.org/licenses/by-sa/4.0/ 了解CC BY-SA 4.0的概要 (但不是替代)。"
        + "CC BY-SA 4.0的完整协议内容您可以访问如下网址获取：https://creativecommons.org/licenses/by-sa/4.0/legalcode。";

    internal static readonly (CaseGroup Group, string Name)[] Groups =
    [
        (CaseGroup.Lifecycle, "虚拟机基本生命周期（define/undefine/start/destroy/suspend/resume/reboot/reset）"), (CaseGroup.HotPlug, "设备热插拔"), (CaseGroup.Migration, "虚拟机热迁移"),
        (CaseGroup.VdpaDevices, "vDPA 设备创建/删除/查询"), (CaseGroup.Persistence, "配置与设备持久化"), (CaseGroup.Exclusivity, "设备独占"), (CaseGroup.Concurrency, "生命周期操作并发"),
        (CaseGroup.Kae, "KAE 直通热迁移"), (CaseGroup.Downtime, "热迁移中断时间"),
    ];

    internal static readonly (CaseSeverity Severity, string Name)[] Severities =
        [(CaseSeverity.Critical, "严重"), (CaseSeverity.Major, "主要"), (CaseSeverity.Minor, "次要"), (CaseSeverity.Trivial, "不重要")];

    internal static readonly (string Fact, string Name)[] Facts =
        [("server", "服务器型号"), ("cpu", "CPU"), ("bios", "BIOS"), ("nic", "网卡"), ("os", "操作系统"), ("kernel", "内核"), ("libvirt", "libvirt"), ("qemu", "QEMU")];

    /// <summary>The abbreviations that the report may use, with what they stand for.</summary>
    internal static readonly (string Short, string English, string Chinese)[] Abbreviations =
    [
        ("vDPA", "virtio data path acceleration", "virtio数据路径加速"), ("KAE", "Kunpeng Accelerator Engine", "鲲鹏加速引擎"), ("NUMA", "Non-Uniform Memory Access", "非统一内存访问"),
    ];

    internal static string NameOf(CaseSeverity severity) => Severities.First(pair => pair.Severity == severity).Name;

    internal static string NameOf(CaseResult result) => result.NotRun ? "未执行" : NameOf(result.Verdict);

    internal static string NameOf(CaseVerdict verdict) => verdict switch { CaseVerdict.Pass => "通过", CaseVerdict.Fail => "失败", CaseVerdict.Inconclusive => "无法判定", _ => "不适用" };

    /// <summary>What a case's guest has: its devices and its load.</summary>
    internal static string Guest(CaseResult result) => Joined(Devices(result), Load(result));

    /// <summary>All that the plan gave a case.</summary>
    internal static string Setup(CaseResult result) => Joined(
        Devices(result), result.Repetitions == 1 ? null : Words($"重复{result.Repetitions}次"), result.LimitMs is { } limit ? $"停机时间{AtMost(limit)}" : null, Load(result));

    internal static string AtMost(double ms) => Words($"不大于{ms:0.###}ms");

    internal static string Words(FormattableString words) => words.ToString(CultureInfo.InvariantCulture);

    private static string? Load(CaseResult result) => result.Load is { } load ? $"负载{load}" : null;

    private static string? Devices(CaseResult result) => result.Kind is not { } kind || result.Devices == 0 ? null : Words($"{result.Devices}个{kind switch
    {
        CaseDeviceKind.Net => "vDPA网络设备",
        CaseDeviceKind.Blk => "vDPA块设备",
        CaseDeviceKind.Kae => "KAE直通设备",
        _ => "随机数发生器",
    }}");

    private static string Joined(params string?[] parts) => string.Join('，', parts.OfType<string>()) is { Length: > 0 } text ? text : "无";
}
