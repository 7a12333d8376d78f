using System.Reflection;
using System.Runtime.InteropServices;

namespace OrleansDDM.Experiments.Reports;

/// <summary>What a process ran on, as far as figures depend on it. It names no machine, user or folder.</summary>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Architecture">Of the process, e.g. <c>X64</c>.</param>
/// <param name="Cores">Logical processors that the process may use.</param>
/// <param name="Runtime">.NET version.</param>
/// <param name="TorchSharp">Version of TorchSharp.</param>
/// <param name="LibTorch">Version of libtorch that this TorchSharp is made for.</param>
/// <param name="Version">Version of OrleansDDM.</param>
public sealed record RunEnvironment(
    string OperatingSystem, string Architecture, int Cores, string Runtime, string TorchSharp, string LibTorch, string Version)
{
    /// <summary>The environment of this process.</summary>
    public static RunEnvironment Current { get; } = new(
        RuntimeInformation.OSDescription,
        RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        RuntimeInformation.FrameworkDescription,
        VersionOf(typeof(global::TorchSharp.torch).Assembly),
        LibTorchVersion(),
        VersionOf(typeof(RunEnvironment).Assembly));

    // torch.__version__ returns this constant too, but loads the native library first, which a report has no need of.
    private static string LibTorchVersion() =>
        typeof(global::TorchSharp.torch).GetField("libtorchPackageVersion", BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
            ?.GetRawConstantValue() as string ?? Figures.None;

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? Figures.None;
}
