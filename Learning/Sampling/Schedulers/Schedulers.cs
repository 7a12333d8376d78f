using System.Numerics;

using OrleansDDM.Specs;

namespace OrleansDDM.Learning.Sampling;

/// <summary>The schedulers a spec can name.</summary>
public static class Schedulers
{
    /// <summary>The scheduler of a sampling spec.</summary>
    /// <exception cref="SpecException">No such scheduler, or eta out of range.</exception>
    public static IScheduler<T> Create<T>(SamplingSpec spec)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(spec);
        SpecValidator.ValidateSampling(spec);
        return spec.Scheduler switch
        {
            "euler" => new EulerScheduler<T>(),
            "heun" => new HeunScheduler<T>(),
            "ddim" => new DdimScheduler<T>(spec.Eta),
            _ => new DpmSolverPlusPlus2MScheduler<T>(),
        };
    }
}
