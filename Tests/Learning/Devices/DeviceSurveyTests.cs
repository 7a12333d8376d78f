using System.Runtime.InteropServices;

using OrleansDDM.Learning.Devices;

using Xunit;

namespace OrleansDDM.Tests.Learning.Devices;

public sealed class DeviceSurveyTests
{
    private readonly DeviceSurvey _survey = new();

    [Fact]
    public void The_cpu_is_found_first_with_its_memory()
    {
        ComputeDevice cpu = _survey.Find()[0];
        Assert.Equal(("cpu", "cpu"), (cpu.Name, cpu.Kind));
        Assert.InRange(cpu.Memory, 64L << 20, long.MaxValue);
        Assert.NotEmpty(cpu.Model);
    }

    [Fact]
    public void Free_memory_of_the_cpu_is_some_of_what_the_machine_has() =>
        Assert.InRange(_survey.FreeMemory("cpu") ?? 1, 1, 1L << 48);

    [Fact]
    public void Free_memory_of_a_card_that_is_not_there_is_not_known() => Assert.Null(_survey.FreeMemory("cuda:200"));

    [Fact]
    public void Speed_is_measured_by_training() => Assert.InRange(_survey.MeasureGflops("cpu", 1), 0.01, 1e6);

    [Theory]
    [InlineData("cpu", "cpu")]
    [InlineData("cuda:3", "cuda")]
    public void A_devices_kind_is_in_its_name(string name, string kind) => Assert.Equal(kind, new ComputeDevice(name, "x", 0).Kind);

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true)]
    [InlineData("[enforce fail at alloc_cpu.cpp:117] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes", true)]
    [InlineData("mat1 and mat2 shapes cannot be multiplied", false)]
    public void Want_of_memory_is_told_from_other_failures_of_libtorch(string message, bool memory)
    {
        Assert.Equal(memory, DeviceMemoryException.IsCause(new ExternalException(message)));
        Assert.False(DeviceMemoryException.IsCause(new InvalidOperationException(message)));
    }
}
