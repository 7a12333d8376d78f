using OrleansDDM.Contracts;
using OrleansDDM.Contracts.Models;
using OrleansDDM.Contracts.Peers;
using OrleansDDM.Learning.Training;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains;

/// <summary>Which grain trains which model.</summary>
internal static class ModelGrains
{
    /// <summary>The grain of a model of a run: an island's where the spec has peers, else the expert's or the router's.</summary>
    public static IModelGrain GetModel(this IGrainFactory grains, string run, RunSpec spec, ModelRole role)
    {
        string key = GrainKeys.Model(run, role.ToString());
        return spec.Islands.Peers > 0 ? grains.GetGrain<IIslandGrain>(key)
            : role.IsRouter ? grains.GetGrain<IRouterGrain>(key)
            : grains.GetGrain<IExpertGrain>(key);
    }
}
