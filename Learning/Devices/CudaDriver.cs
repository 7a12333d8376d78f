using System.Runtime.InteropServices;
using System.Text;

namespace OrleansDDM.Learning.Devices;

/// <summary>
/// Names and memory of the cards, from the CUDA driver library, which numbers them as libtorch does. TorchSharp has no call for them.
/// (CUDA Driver API: Device Management, Primary Context Management, Memory Management.)
/// </summary>
internal static partial class CudaDriver
{
    private const string Library = "libcuda.so.1";
    private const int NameLength = 256;

    /// <summary>Name of a card and its bytes of memory; null where the driver does not tell.</summary>
    public static (string Name, long Memory)? Describe(int card)
    {
        var name = new byte[NameLength];
        return Try(() => NativeDeviceGet(out int device, card) == 0
            && NativeDeviceGetName(name, name.Length, device) == 0
            && NativeDeviceTotalMem(out nuint bytes, device) == 0
            ? (Encoding.UTF8.GetString(name, 0, Array.IndexOf(name, (byte)0)), (long)bytes)
            : ((string, long)?)null);
    }

    /// <summary>Free bytes of a card; null where the driver does not tell.</summary>
    public static long? FreeMemory(int card) => Try<long?>(() =>
    {
        // Asked of the context that libtorch works in; made by whoever comes first.
        if (NativeDeviceGet(out int device, card) != 0 || NativePrimaryRetain(out nint context, device) != 0)
        {
            return null;
        }

        try
        {
            if (NativeContextPush(context) != 0)
            {
                return null;
            }

            int answer = NativeMemoryInfo(out nuint free, out _);
            _ = NativeContextPop(out _);
            return answer == 0 ? (long)free : null;
        }
        finally
        {
            _ = NativePrimaryRelease(device);
        }
    });

    private static T? Try<T>(Func<T?> ask)
    {
        try
        {
            return NativeInitialize(0) == 0 ? ask() : default;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return default;
        }
    }

    [LibraryImport(Library, EntryPoint = "cuInit")]
    private static partial int NativeInitialize(uint flags);

    [LibraryImport(Library, EntryPoint = "cuDeviceGet")]
    private static partial int NativeDeviceGet(out int device, int ordinal);

    [LibraryImport(Library, EntryPoint = "cuDeviceGetName")]
    private static partial int NativeDeviceGetName([Out] byte[] name, int length, int device);

    [LibraryImport(Library, EntryPoint = "cuDeviceTotalMem_v2")]
    private static partial int NativeDeviceTotalMem(out nuint bytes, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRetain")]
    private static partial int NativePrimaryRetain(out nint context, int device);

    [LibraryImport(Library, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int NativePrimaryRelease(int device);

    [LibraryImport(Library, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int NativeContextPush(nint context);

    [LibraryImport(Library, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int NativeContextPop(out nint context);

    [LibraryImport(Library, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int NativeMemoryInfo(out nuint free, out nuint total);
}
